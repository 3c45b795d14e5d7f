# HR-NAS-B: a larger network, by a smaller lambda (appendix A).
_base_ = './hrnas_supernet_16xb64-350e_imagenet.py'
model = dict(penalty=dict(weight=1.2e-4))
