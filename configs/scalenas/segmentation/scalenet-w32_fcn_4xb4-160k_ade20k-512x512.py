# The full network trained alone on ADE20K. The paper has no results there:
# this is mmseg's schedule for HRNet (4 GPUs, 4 images each).
_base_ = [
    '../../_base_/models/scalenet-w32_fcn.py',
    'mmseg::_base_/datasets/ade20k.py',
    '../../_base_/schedules/sgd_poly_160k.py', '../../_base_/mmseg_runtime.py'
]
model = dict(
    data_preprocessor=dict(size=(512, 512)),
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w32')),
    decode_head=dict(num_classes=150))
default_hooks = dict(checkpoint=dict(interval=16000))
