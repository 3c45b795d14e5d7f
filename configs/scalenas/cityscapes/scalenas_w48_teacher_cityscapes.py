_base_ = './scalenas_w32_teacher_cityscapes.py'
model = dict(
    backbone=dict(
        width=48, init_cfg=dict(checkpoint='open-mmlab://msra/hrnetv2_w48')),
    decode_head=dict(in_channels=[48, 96, 192, 384], channels=720))
