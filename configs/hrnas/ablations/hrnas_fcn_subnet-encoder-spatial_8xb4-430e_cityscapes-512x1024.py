# Table 10, Enc (spatial).
_base_ = './hrnas_fcn_subnet-encoder_8xb4-430e_cityscapes-512x1024.py'
model = dict(backbone=dict(transformer=dict(attention='spatial')))
