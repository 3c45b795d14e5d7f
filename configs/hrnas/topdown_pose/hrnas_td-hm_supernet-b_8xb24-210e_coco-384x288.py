# HR-NAS-B: a larger network, by a smaller lambda (appendix A).
_base_ = './hrnas_td-hm_supernet_8xb24-210e_coco-384x288.py'
model = dict(penalty=dict(weight=1e-8))
