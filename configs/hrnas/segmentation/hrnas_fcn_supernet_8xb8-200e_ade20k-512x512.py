# HR-NAS-A: one run searches and trains, with the lambda of Cityscapes
# (appendix A); see the config there.
_base_ = './hrnas_fcn_subnet_8xb8-200e_ade20k-512x512.py'
model = dict(
    _delete_=True,
    type='scalenas_mm.ShrinkingSupernet',
    architecture=_base_.model,
    penalty=dict(
        weight=1.6e-4, cost='paper', input_size=(512, 512),
        ramp=(0, 7900)))  # 25 epochs of 316 iterations
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='scalenas_mm.ShrinkHook', interval=5, num_calibration_batches=10),
    dict(
        type='scalenas_mm.ShrinkArchiveHook',
        objectives=dict(mIoU='max', macs='min'),
        input_size=(512, 512),
        num_calibration_batches=10),
    dict(type='scalenas_mm.ShrinkPlotHook')
]
