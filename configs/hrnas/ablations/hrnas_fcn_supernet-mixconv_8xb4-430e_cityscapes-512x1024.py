# Table 6, + MixConv: no transformers are searched.
_base_ = '../segmentation/hrnas_fcn_supernet_8xb4-430e_cityscapes-512x1024.py'
model = dict(architecture=dict(backbone=dict(tokens=0)))
