# Table 10, Enc (channel): no decoder.
_base_ = './hrnas_fcn_subnet-tokens-8_8xb4-430e_cityscapes-512x1024.py'
model = dict(backbone=dict(transformer=dict(decoder=False)))
