# HRNet's schedule for Cityscapes as ScaleNAS has it (appendix A.8): batch 24,
# a cosine to 0.
max_epochs = 484
train_cfg = dict(
    type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=44)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005))
param_scheduler = dict(
    type='CosineAnnealingLR',
    T_max=max_epochs,
    by_epoch=True,
    convert_to_iter_based=True)
auto_scale_lr = dict(enable=False, base_batch_size=24)
