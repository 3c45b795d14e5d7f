# What the released code does where it differs from the paper: nearest
# upsampling, alpha 0.5, two more groups with the smallest and the largest
# network.
_base_ = './scalenas_w32_supernet_cityscapes.py'
model = dict(
    architecture=dict(backbone=dict(upsample='nearest')),
    sampler=dict(extremes=True),
    distillation=dict(alpha=0.5))
