# Table 7: a learned table of rows and one of columns in place of the map.
_base_ = './hrnas_fcn_subnet-tokens-8_8xb4-430e_cityscapes-512x1024.py'
model = dict(backbone=dict(transformer=dict(positions='learned')))
