# Table 3: one network for every frame, without what went before. Its limit is
# the average of the video's networks, the key frame's among them: (57.4 + 80)
# / 4 MMACs, and not much less.
_base_ = './vipnasresnet_td-hm_supernet_1xb16-300iters_videos-128x96.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/vipnasresnet_td-hm_supernet_1xb16-300iters_videos-128x96/iter_300.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(128, 96),
    num_calibration_batches=8,
    searcher=dict(
        type='TopologyEvolution',
        objectives={
            'posetrack/AP': 'max',
            'macs': 'min'
        },
        constraints=dict(macs=(30e6, 34.4e6)),
        n0=8,
        k=4,
        N=12))
param_scheduler = None
default_hooks = dict(checkpoint=None)
custom_hooks = [
    dict(type='scalenas_mm.SearchLoggerHook', interval=5),
    dict(type='scalenas_mm.SearchPlotHook')
]
