# Topology evolution with a tenth of the paper's candidates.
_base_ = './scalenet-w32_fcn_supernet_1xb16-20k_voc12-512x512.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/scalenet-w32_fcn_supernet_1xb16-20k_voc12-512x512/iter_20000.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(512, 512),
    num_calibration_batches=8,
    searcher=dict(
        type='TopologyEvolution',
        objectives=dict(mIoU='max', macs='min'),
        n0=100,
        k=20,
        p_c=0.25,
        p_m=0.5,
        N=200))
param_scheduler = None
default_hooks = dict(checkpoint=None)
custom_hooks = [
    dict(type='scalenas_mm.SearchLoggerHook'),
    dict(type='scalenas_mm.SearchPlotHook')
]
