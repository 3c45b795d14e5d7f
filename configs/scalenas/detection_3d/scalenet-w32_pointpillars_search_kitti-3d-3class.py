# Topology evolution; ScaleNAS, Sec. 4.2: n0 = 1000, k = 100, N = 2000. The
# objective is KITTI's, over all three classes: AP of 3-D boxes at 40 recalls.
_base_ = './scalenet-w32_pointpillars_supernet_8xb6-80e_kitti-3d-3class.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/scalenet-w32_pointpillars_supernet_8xb6-80e_kitti-3d-3class/epoch_80.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(496, 432),  # of the pillars' map
    num_calibration_batches=8,
    searcher=dict(
        type='TopologyEvolution',
        objectives={
            'Kitti metric/pred_instances_3d/KITTI/Overall_3D_AP40_moderate':
            'max',
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
