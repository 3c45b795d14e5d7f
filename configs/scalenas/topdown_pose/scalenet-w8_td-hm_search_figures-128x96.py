# Topology evolution on the trained supernet.
_base_ = './scalenet-w8_td-hm_supernet_1xb16-900iters_figures-128x96.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/scalenet-w8_td-hm_supernet_1xb16-900iters_figures-128x96/iter_900.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(128, 96),
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
            for fusion in (0.2, 0.5, 0.8)
        ]))
param_scheduler = None
default_hooks = dict(checkpoint=None)
custom_hooks = [
    dict(type='scalenas_mm.SearchLoggerHook', interval=5),
    dict(type='scalenas_mm.SearchPlotHook')
]
