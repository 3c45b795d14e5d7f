# One run searches and trains: the whole network learns, then it shrinks at a
# low learning rate, so that networks of all sizes on the way are good ones.
# Each is a record of the archive.
_base_ = './hrnas-w8_fcn_subnet_1xb8-1600iters_digits-96x96.py'
max_iters, begin, end = 1600, 900, 1500
model = dict(
    _delete_=True,
    type='scalenas_mm.ShrinkingSupernet',
    architecture=_base_.model,
    penalty=dict(
        weight=1e-3, cost='macs', input_size=(96, 96), ramp=(200, 400)))
train_cfg = dict(val_interval=begin)  # and after every shrink
param_scheduler = [
    dict(type='LinearLR', start_factor=0.04, end=200, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        eta_min=0.03,
        begin=200,
        end=begin,
        T_max=begin - 200,
        by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-4,
        begin=1400,
        end=max_iters,
        T_max=max_iters - 1400,
        by_epoch=False)
]
custom_hooks = [
    dict(
        type='EMAHook',
        momentum=0.02,  # so short a run has no time for the usual 1e-4
        update_buffers=True),
    dict(
        type='scalenas_mm.ShrinkHook',
        interval=75,
        by_epoch=False,
        begin=begin,
        end=end,
        scores='network',
        last_scores='network',
        target=dict(macs='30%')),
    dict(
        type='scalenas_mm.ShrinkArchiveHook',
        objectives=dict(mIoU='max', macs='min'),
        input_size=(96, 96)),
    dict(type='scalenas_mm.ShrinkPlotHook')
]
