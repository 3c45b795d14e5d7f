# The number of tokens: 8 in each of 44 transformers, which stay, in place of
# 64 of which some are found. Convolutions are searched.
_base_ = '../segmentation/hrnas_fcn_supernet_8xb4-430e_cityscapes-512x1024.py'
model = dict(architecture=dict(backbone=dict(tokens=8)))
custom_hooks = _base_.custom_hooks
custom_hooks[1].remove_tokens = False
