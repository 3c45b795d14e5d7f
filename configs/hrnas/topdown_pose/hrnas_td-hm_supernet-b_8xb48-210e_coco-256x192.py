# HR-NAS-B: a larger network, by a smaller lambda (appendix A).
_base_ = './hrnas_td-hm_supernet_8xb48-210e_coco-256x192.py'
model = dict(penalty=dict(weight=1e-8))
