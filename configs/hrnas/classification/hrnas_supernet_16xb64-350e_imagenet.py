# HR-NAS-A: one run searches and trains. Every five epochs the units and tokens
# whose importance is below .001 are removed (Sec. 4.1; lambda of appendix A).
# Costs are divided by their mean, to which the paper's lambdas belong: see the
# README. The ramp is the released code's.
_base_ = './hrnas_subnet_16xb64-350e_imagenet.py'
model = dict(
    _delete_=True,
    type='scalenas_mm.ShrinkingSupernet',
    architecture=_base_.model,
    penalty=dict(
        weight=1.8e-4, cost='paper', input_size=(224, 224),
        ramp=(0, 31300)))  # 25 epochs of 1252 iterations
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='scalenas_mm.ShrinkHook', interval=5, num_calibration_batches=10),
    dict(
        type='scalenas_mm.ShrinkArchiveHook',
        objectives={
            'accuracy/top1': 'max',
            'macs': 'min'
        },
        input_size=(224, 224),
        num_calibration_batches=10),
    dict(type='scalenas_mm.ShrinkPlotHook')
]
