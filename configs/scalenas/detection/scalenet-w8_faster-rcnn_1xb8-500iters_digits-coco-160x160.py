# The full network, trained alone: it teaches the supernet and is its start. A
# small Faster R-CNN: narrow pyramid, small anchors, few proposals.
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py',
    '../../_base_/datasets/digits_coco_160x160.py',
    '../../_base_/schedules/sgd_onecycle_800iters.py',
    '../../_base_/mmdet_runtime.py'
]
model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.ScaleNet',
        width=8,
        stem_width=16,
        stage1_blocks=1,
        depths=(1, 2, 3, 4),
        num_modules=(1, 2, 1),
        norm_cfg=dict(type='BN')),
    neck=dict(
        _delete_=True,
        type='HRFPN',
        in_channels=[8, 16, 32, 64],
        out_channels=32,
        num_outs=4),
    rpn_head=dict(
        in_channels=32,
        feat_channels=32,
        # digits are 8 to 100 pixels large and slender
        anchor_generator=dict(
            scales=[2.2, 3.2], ratios=[1.6], strides=[4, 8, 16, 32])),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=32, finest_scale=28),
        bbox_head=dict(in_channels=32, fc_out_channels=128, num_classes=10)),
    train_cfg=dict(
        rpn=dict(sampler=dict(num=128)),
        rpn_proposal=dict(nms_pre=200, max_per_img=100),
        rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(
        rpn=dict(nms_pre=100, max_per_img=50), rcnn=dict(max_per_img=50)))

max_iters = 500
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.002, weight_decay=0.01),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
    clip_grad=dict(max_norm=10.0))
param_scheduler = dict(eta_max=0.002, total_steps=max_iters)
default_hooks = dict(
    logger=dict(interval=50), checkpoint=dict(interval=100, max_keep_ckpts=1))
