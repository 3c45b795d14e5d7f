# Topology evolution of the one-stage detector.
_base_ = './scalenet-w32_rtmdet_supernet_8xb32-300e_coco.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/scalenet-w32_rtmdet_supernet_8xb32-300e_coco/epoch_300.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(640, 640),
    num_calibration_batches=32,
    searcher=dict(
        type='TopologyEvolution',
        objectives={
            'coco/bbox_mAP': 'max',
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
