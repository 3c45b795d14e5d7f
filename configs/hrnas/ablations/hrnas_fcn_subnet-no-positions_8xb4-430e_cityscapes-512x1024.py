# No positions are joined to the features; not in table 7.
_base_ = './hrnas_fcn_subnet-tokens-8_8xb4-430e_cityscapes-512x1024.py'
model = dict(backbone=dict(transformer=dict(positions='none')))
