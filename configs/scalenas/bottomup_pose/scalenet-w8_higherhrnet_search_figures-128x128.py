# Topology evolution on the trained supernet, by COCO AP.
_base_ = './scalenet-w8_higherhrnet_supernet_1xb8-1500iters_figures-128x128.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/scalenet-w8_higherhrnet_supernet_1xb8-1500iters_figures-128x128/iter_1500.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(128, 128),
    num_calibration_batches=8,
    searcher=dict(
        type='TopologyEvolution',
        objectives={
            'coco/AP': 'max',
            'macs': 'min'
        },
        n0=24,
        k=8,
        N=40,
        # plain samples crowd around the mean cost; so few need a wide start
        initial=[
            dict(depths=depths, fusion=fusion)
            for depths in ((1, ), (1, 2), (2, 3), (3, 4))
            for fusion in (0.1, 0.5, 0.9)
        ]))
param_scheduler = None
default_hooks = dict(checkpoint=None)
custom_hooks = [
    dict(type='scalenas_mm.SearchLoggerHook', interval=5),
    dict(type='scalenas_mm.SearchPlotHook')
]
