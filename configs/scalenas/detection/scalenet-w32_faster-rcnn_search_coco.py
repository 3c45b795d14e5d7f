# Topology evolution on detection itself (ScaleNAS, Sec. 4.2; the paper
# transfers a segmentation network). Batches have two images: statistics need
# more of them than elsewhere.
_base_ = './scalenet-w32_faster-rcnn_supernet_8xb2-12e_coco.py'
model = dict(distillation=None, architecture=dict(init_cfg=None))
load_from = 'work_dirs/scalenet-w32_faster-rcnn_supernet_8xb2-12e_coco/epoch_12.pth'  # noqa: E501

train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(800, 1280),
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
