# mmseg's schedule for HRNet on ADE20K: batch 16, a polynomial to 1e-4.
max_iters = 160000
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=16000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005))
param_scheduler = dict(
    type='PolyLR', eta_min=1e-4, power=0.9, end=max_iters, by_epoch=False)
auto_scale_lr = dict(enable=False, base_batch_size=16)
