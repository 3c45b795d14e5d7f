# One run searches and trains: the full network learns at a high learning rate,
# then it shrinks to a quarter at a low one. Each shrink is a record of the
# archive, from the cost of the largest network to the target.
_base_ = './hrnas-w8_fcn_subnet_1xb8-1600iters_digits-96x96.py'
interval = 100
model = dict(
    _delete_=True,
    type='scalenas_mm.ShrinkingSupernet',
    architecture=_base_.model,
    penalty=dict(weight=1e-3, cost='macs', input_size=(96, 96)))
train_cfg = dict(val_interval=interval)
custom_hooks = [
    dict(
        type='EMAHook',
        momentum=0.02,  # so short a run has no time for the usual 1e-4
        update_buffers=True),
    dict(
        type='scalenas_mm.ShrinkHook',
        interval=interval,
        by_epoch=False,
        begin=800,
        end=1500,
        num_calibration_batches=8,
        target=dict(macs=12e6)),
    dict(type='scalenas_mm.ShrinkArchiveHook', objective='mIoU')
]
