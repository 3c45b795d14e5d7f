# HR-NAS's schedule for Cityscapes (appendix A): batch 32, a cycle of learning
# rate and momentum. AdamW's eps, the peak at 30 % and the cycle of its
# momentum (.95, .85, .95) are the released code's, the paper gives none; "a
# minimum learning rate of 0.0016" is the start there, and the end 1e-4 of it.
max_epochs = 430
train_cfg = dict(
    type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# no decay of norms: their scales are the importance factors
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW',
        lr=0.04,
        betas=(0.95, 0.999),
        eps=1e-3,
        weight_decay=1e-5),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0))
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=0.04,
        div_factor=25,
        final_div_factor=1e4,
        pct_start=0.3,
        total_steps=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingMomentum',
        eta_min=0.85,
        begin=0,
        end=0.3 * max_epochs,
        by_epoch=True,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingMomentum',
        eta_min=0.95,
        begin=0.3 * max_epochs,
        end=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True)
]
# averages of weights, with the released code's ramp
custom_hooks = [
    dict(
        type='EMAHook',
        ema_type='scalenas_mm.RampedAverage',
        decay=0.9999,
        update_buffers=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=32)
