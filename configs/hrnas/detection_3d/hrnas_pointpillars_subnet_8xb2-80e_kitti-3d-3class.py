# HR-NAS as the 2-D network of PointPillars, one fixed network trained alone;
# HR-NAS, appendix A. Choose it by --cfg-options
# model.backbone.arch=ARCH.json; without it is the largest one.
_base_ = '../../_base_/kitti_pointpillars_8xb2-80e.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.HRNAS',
        head_channels=(90, ),
        in_channels=64,
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01)),
    bbox_head=dict(in_channels=90, feat_channels=90))
train_cfg = dict(val_begin=1, val_interval=5)
# no decay of norms: their scales are the importance factors
optim_wrapper = dict(
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0))
# The other tasks' averages of weights; on KITTI the paper names none.
custom_hooks = [
    dict(
        type='EMAHook',
        ema_type='scalenas_mm.RampedAverage',
        decay=0.9999,
        update_buffers=True)
]
default_hooks = dict(checkpoint=dict(interval=5, max_keep_ckpts=2))
randomness = dict(seed=0)
