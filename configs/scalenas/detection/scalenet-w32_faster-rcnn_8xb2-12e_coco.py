# The full network in Faster R-CNN with HRFPN: the teacher.
# ScaleNAS, appendix A.5 (mmdet's 1x: 8 GPUs, 2 images each, 12 epochs).
# HRNet's public ImageNet weights fill the layers that it shares with HRNet.
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py', '../../_base_/mmdet_runtime.py'
]
model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.ScaleNet',
        width=32,
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w32')),
    neck=dict(
        _delete_=True,
        type='HRFPN',
        in_channels=[32, 64, 128, 256],
        out_channels=256))

default_hooks = dict(
    logger=dict(log_metric_by_epoch=True),
    checkpoint=dict(by_epoch=True, interval=1, max_keep_ckpts=1))
log_processor = dict(by_epoch=True)
