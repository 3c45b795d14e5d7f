# HR-NAS's schedule for ImageNet (appendix A): batch 1024, x .97 every 2.4
# epochs. RMSprop's alpha and eps and the warm-up, which the paper does not
# give, are those of AtomNAS, whose training it follows, and of the released
# code.
max_epochs = 350
train_cfg = dict(
    type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# no decay of norms: their scales are the importance factors
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='RMSprop',
        lr=0.064,
        alpha=0.9,
        momentum=0.9,
        eps=1e-3,
        weight_decay=1e-5),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0))
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.25,  # .016, the rate of 256 images
        begin=0,
        end=5,
        by_epoch=True,
        convert_to_iter_based=True),
    # 2.4 epochs of 1252 iterations
    dict(type='StepLR', step_size=3005, gamma=0.97, by_epoch=False)
]
# averages of weights, with the released code's ramp
custom_hooks = [
    dict(
        type='EMAHook',
        ema_type='scalenas_mm.RampedAverage',
        decay=0.9999,
        update_buffers=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=1024)
