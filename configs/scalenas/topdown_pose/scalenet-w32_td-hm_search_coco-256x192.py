# Topology evolution; ScaleNAS, Sec. 4.2: n0 = 1000, k = 100, N = 2000.
_base_ = './scalenet-w32_td-hm_supernet_8xb64-210e_coco-256x192.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/scalenet-w32_td-hm_supernet_8xb64-210e_coco-256x192/epoch_210.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(256, 192),
    num_calibration_batches=8,
    searcher=dict(
        type='TopologyEvolution',
        objectives={
            'coco/AP': 'max',
            'macs': 'min'
        },
        n0=1000,
        k=100,
        p_c=0.25,
        p_m=0.5,
        N=2000))
param_scheduler = None
default_hooks = dict(checkpoint=None)
custom_hooks = [
    dict(type='scalenas_mm.SearchLoggerHook'),
    dict(type='scalenas_mm.SearchPlotHook')
]
