# HR-NAS-A: one run searches and trains. Every five epochs the units and tokens
# whose importance is below .001 are removed (Sec. 4.1; lambda of appendix A).
# Costs are divided by their mean, to which the paper's lambdas belong: see the
# README. The ramp is the released code's.
_base_ = './hrnas_fcn_subnet_8xb4-430e_cityscapes-512x1024.py'
model = dict(
    _delete_=True,
    type='scalenas_mm.ShrinkingSupernet',
    architecture=_base_.model,
    penalty=dict(
        weight=1.6e-4, cost='paper', input_size=(512, 1024),
        ramp=(0, 2325)))  # 25 epochs of 93 iterations
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='scalenas_mm.ShrinkHook', interval=5, num_calibration_batches=10),
    dict(
        type='scalenas_mm.ShrinkArchiveHook',
        objectives=dict(mIoU='max', macs='min'),
        input_size=(512, 1024),
        num_calibration_batches=10),
    dict(type='scalenas_mm.ShrinkPlotHook')
]
