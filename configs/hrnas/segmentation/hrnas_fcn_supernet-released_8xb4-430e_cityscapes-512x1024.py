# What the released code does where it differs from the paper; see the README.
# With its transformers switched on: as shipped it builds none (--cfg-options
# model.architecture.backbone.tokens=0).
_base_ = './hrnas_fcn_supernet_8xb4-430e_cityscapes-512x1024.py'
model = dict(
    architecture=dict(
        backbone=dict(transformer='released', upsample='released')),
    penalty=dict(
        weight=1.4e-4, cost='released', input_size=(224, 224), tokens='alive'),
    weight_decay=1e-5)
optim_wrapper = dict(
    optimizer=dict(weight_decay=0.0), paramwise_cfg=dict(_delete_=True))
custom_hooks = _base_.custom_hooks
custom_hooks[0].decay = 0.9999**(32 / 4096)
custom_hooks[1].update(
    interval=10,
    remove_tokens=False,
    fold_dead_bias=False,
    num_calibration_batches=0,
    min_saving=1e6)
