# Not in the paper's tables: blocks that change stride or width have
# transformers, too (61 in place of 44), as a switch of the released code.
_base_ = '../segmentation/hrnas_fcn_supernet_8xb4-430e_cityscapes-512x1024.py'
model = dict(architecture=dict(backbone=dict(reductions=True)))
