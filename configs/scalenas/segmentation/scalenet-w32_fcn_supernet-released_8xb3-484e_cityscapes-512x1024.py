# What the released code does where it differs from the paper: nearest
# upsampling, alpha 0.5, two more groups with the smallest and the largest
# network.
_base_ = './scalenet-w32_fcn_supernet_8xb3-484e_cityscapes-512x1024.py'
model = dict(
    architecture=dict(backbone=dict(upsample='nearest')),
    sampler=dict(extremes=True),
    distillation=dict(alpha=0.5))
