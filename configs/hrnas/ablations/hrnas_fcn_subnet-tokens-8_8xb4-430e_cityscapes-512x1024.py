# Tables 7, 9 and 10: the baseline's convolutions and 8 tokens in each of the
# 44 blocks that keep shape. --cfg-options model.backbone.arch=ARCH.json; the
# README says how to put the tokens there.
_base_ = '../segmentation/hrnas_fcn_subnet_8xb4-430e_cityscapes-512x1024.py'
model = dict(backbone=dict(tokens=8))
