# HR-NAS-B: a larger network, by a smaller lambda (appendix A).
_base_ = './hrnas_fcn_supernet_8xb4-430e_cityscapes-512x1024.py'
model = dict(penalty=dict(weight=6e-5))
