# Topology evolution by COCO AP; ScaleNAS, Sec. 4.2: n0 = 1000, k = 100,
# N = 2000. The paper searches top-down and reuses what it finds.
_base_ = './scalenet-w48_higherhrnet_supernet_8xb10-300e_coco-640x640.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/scalenet-w48_higherhrnet_supernet_8xb10-300e_coco-640x640/epoch_300.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(640, 640),
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
