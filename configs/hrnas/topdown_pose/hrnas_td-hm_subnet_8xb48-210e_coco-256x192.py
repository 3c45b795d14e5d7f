# One fixed network trained alone; HR-NAS, appendix A (8 GPUs, 48 images each).
# Scaling and rotation, by HRNet's amounts, are the only augmentation, and
# tests are of a single crop. Data, detections and codec are those of mmpose's
# HRNet. Choose the network by --cfg-options model.backbone.arch=ARCH.json;
# without it is the largest one.
_base_ = 'mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_hrnet-w32_8xb64-210e_coco-256x192.py'  # noqa: E501
custom_imports = dict(imports=['scalenas_mm.registry'])
# Norms and initial weights are the released code's.
model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.HRNAS',
        head_channels=(90, ),
        norm_cfg=dict(type='BN', eps=1e-5, momentum=0.1),
        init_cfg=dict(type='scalenas_mm.HRNASInit', rule='pose')),
    # HRNet's loss, to which lambda belongs, is half of mmpose's
    head=dict(in_channels=90, loss=dict(loss_weight=0.5)),
    test_cfg=dict(flip_test=False))

load, center, _, _, _, crop, target, pack = _base_.train_pipeline
vary = dict(
    type='RandomBBoxTransform',
    shift_prob=0.0,
    scale_factor=(0.65, 1.35),
    rotate_factor=45.0)
train_pipeline = [load, center, vary, crop, target, pack]
train_dataloader = dict(batch_size=48, dataset=dict(pipeline=train_pipeline))

train_cfg = dict(max_epochs=210, val_interval=5)
# no decay of norms: their scales are the importance factors
optim_wrapper = dict(
    optimizer=dict(lr=0.001, weight_decay=1e-8),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0))
param_scheduler = dict(
    _delete_=True,
    type='MultiStepLR',
    milestones=[170, 200],
    gamma=0.1,
    by_epoch=True)
# averages of weights, with the released code's ramp
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='EMAHook',
        ema_type='scalenas_mm.RampedAverage',
        decay=0.9999,
        update_buffers=True)
]
default_hooks = dict(
    checkpoint=dict(interval=5, max_keep_ckpts=2, save_best=None))
auto_scale_lr = dict(enable=False, base_batch_size=384)
randomness = dict(seed=0)
