# Topology evolution on the trained supernet.
_base_ = './scalenet-w8_fcn_supernet_1xb8-800iters_digits-96x96.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/scalenet-w8_fcn_supernet_1xb8-800iters_digits-96x96/iter_800.pth'  # noqa: E501

# of the calibration; as many images in eight batches take half as long again
train_dataloader = dict(batch_size=32)
train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(96, 96),
    num_calibration_batches=2,
    searcher=dict(
        type='TopologyEvolution',
        objectives=dict(mIoU='max', macs='min'),
        n0=60,
        k=15,
        N=120,
        # plain samples crowd around the mean cost; so few need a wide start
        initial=[
            dict(depths=depths, fusion=fusion)
            for depths in ((1, ), (1, 2), (2, 3), (3, 4))
            for fusion in (0.1, 0.3, 0.5, 0.7, 0.9)
        ]))
param_scheduler = None
optim_wrapper = dict(paramwise_cfg=None)  # nothing is optimised
default_hooks = dict(checkpoint=None)
custom_hooks = [
    dict(type='scalenas_mm.SearchLoggerHook', interval=5),
    dict(type='scalenas_mm.SearchPlotHook')
]
