# Table 6, multi-branch: 3x3 convolutions alone are searched.
_base_ = './hrnas_fcn_supernet-mixconv_8xb4-430e_cityscapes-512x1024.py'
model = dict(architecture=dict(backbone=dict(kernels=(3, ))))
