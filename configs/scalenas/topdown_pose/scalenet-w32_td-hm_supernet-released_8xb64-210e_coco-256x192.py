# What the released code does where it differs from the paper: nearest
# upsampling, alpha 0.5, two more groups with the smallest and the largest
# network. It also runs, and counts, layers whose result is not read.
_base_ = './scalenet-w32_td-hm_supernet_8xb64-210e_coco-256x192.py'
model = dict(
    architecture=dict(backbone=dict(upsample='nearest', drop_dead=False)),
    sampler=dict(extremes=True),
    distillation=dict(alpha=0.5))
