# Networks of the frames after a key frame, of at most 80 MMACs together (Eq.
# 3): evolution on the trained supernet.
_base_ = './tvipnas-resnet_supernet_1xb8-200iters_videos-128x96.py'
model = dict(distillation=None, architecture=dict(key=dict(init_cfg=None)))
load_from = 'work_dirs/tvipnas-resnet_supernet_1xb8-200iters_videos-128x96/iter_200.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(128, 96),
    num_calibration_batches=8,
    searcher=dict(
        type='TopologyEvolution',
        objectives={
            'posetrack/AP_sum': 'max',
            'propagated_macs': 'min'
        },
        constraints=dict(propagated_macs=(None, 80e6)),
        n0=8,
        k=4,
        N=16))
param_scheduler = None
default_hooks = dict(checkpoint=None)
custom_hooks = [
    dict(type='scalenas_mm.SearchLoggerHook', interval=5),
    dict(type='scalenas_mm.SearchPlotHook')
]
