# ViPNAS, Sec. 3.4.3, Eq. 3: random networks under a limit on the frames after
# the key frame, the best by the sum of their AP. The limit is that of an
# average of 0.37 GFLOPs a frame (table 1, key frame included), as the paper
# counts. It does not say how many were drawn: 500, as for single images.
_base_ = './tvipnas-mobilenetv3_supernet_8xb16-60e_posetrack18-256x192.py'
model = dict(distillation=None, architecture=dict(key=dict(init_cfg=None)))
load_from = 'work_dirs/tvipnas-mobilenetv3_supernet_8xb16-60e_posetrack18-256x192/epoch_60.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(256, 192),
    num_calibration_batches=8,
    searcher=dict(
        type='RandomSearch',
        objectives={
            'posetrack/AP_sum': 'max',
            'propagated_macs': 'min'
        },
        constraints=dict(paper_gflops=(None, 0.37)),
        N=500))
param_scheduler = None
default_hooks = dict(checkpoint=None)
custom_hooks = [
    dict(type='scalenas_mm.SearchLoggerHook'),
    dict(type='scalenas_mm.SearchPlotHook')
]
