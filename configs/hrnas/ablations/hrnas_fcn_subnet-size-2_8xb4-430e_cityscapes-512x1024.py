# Table 9: tokens of 2x2; 8x8 is subnet-tokens-8.
_base_ = './hrnas_fcn_subnet-tokens-8_8xb4-430e_cityscapes-512x1024.py'
model = dict(backbone=dict(transformer=dict(size=2)))
