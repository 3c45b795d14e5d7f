# HR-NAS-B: a larger network, by a smaller lambda (appendix A).
_base_ = './hrnas_fcn_supernet_8xb8-200e_ade20k-512x512.py'
model = dict(penalty=dict(weight=6e-5))
