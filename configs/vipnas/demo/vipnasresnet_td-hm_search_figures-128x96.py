# Networks of at most 30 MMACs: evolution on the trained supernet.
_base_ = './vipnasresnet_td-hm_supernet_1xb16-400iters_figures-128x96.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/vipnasresnet_td-hm_supernet_1xb16-400iters_figures-128x96/iter_400.pth'  # noqa: E501

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
        constraints=dict(macs=(None, 30e6)),
        n0=16,
        k=6,
        N=24))
param_scheduler = None
default_hooks = dict(checkpoint=None)
custom_hooks = [
    dict(type='scalenas_mm.SearchLoggerHook', interval=5),
    dict(type='scalenas_mm.SearchPlotHook')
]
