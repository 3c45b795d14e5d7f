# HR-NAS-A: one run searches and trains. Every five epochs the units and tokens
# whose importance is below .001 are removed (Sec. 4.1; lambda of appendix A).
# Costs are divided by their mean, to which the paper's lambdas belong: see the
# README. The ramp is the released code's.
_base_ = './hrnas_td-hm_subnet_8xb48-210e_coco-256x192.py'
model = dict(
    _delete_=True,
    type='scalenas_mm.ShrinkingSupernet',
    architecture=_base_.model,
    penalty=dict(
        weight=1e-6, cost='paper', input_size=(256, 192),
        ramp=(0, 9775)))  # 25 epochs of 391 iterations
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='scalenas_mm.ShrinkHook', interval=5, num_calibration_batches=10),
    dict(
        type='scalenas_mm.ShrinkArchiveHook',
        objectives={
            'coco/AP': 'max',
            'macs': 'min'
        },
        input_size=(256, 192),
        num_calibration_batches=10),
    dict(type='scalenas_mm.ShrinkPlotHook')
]
