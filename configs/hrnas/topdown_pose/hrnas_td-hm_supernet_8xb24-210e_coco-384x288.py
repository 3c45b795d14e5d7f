# HR-NAS-A: one run searches and trains, with the lambda of 256x192 (appendix
# A); see the config there.
_base_ = './hrnas_td-hm_subnet_8xb24-210e_coco-384x288.py'
model = dict(
    _delete_=True,
    type='scalenas_mm.ShrinkingSupernet',
    architecture=_base_.model,
    penalty=dict(
        weight=1e-6, cost='paper', input_size=(384, 288),
        ramp=(0, 19525)))  # 25 epochs of 781 iterations
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
        input_size=(384, 288),
        num_calibration_batches=10),
    dict(type='scalenas_mm.ShrinkPlotHook')
]
