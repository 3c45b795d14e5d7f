# ADE20K in crops of 512x512. The paper has results (tables 3 and 8) and no
# settings: this is mmseg's usual 80k schedule (4 GPUs, batch 16).
_base_ = [
    '../../_base_/models/ncpnet_fcn.py', 'mmseg::_base_/datasets/ade20k.py',
    'mmseg::_base_/schedules/schedule_80k.py',
    'mmseg::_base_/default_runtime.py'
]
custom_imports = dict(imports=['scalenas_mm.registry'])

# the code from which NCP starts; a searched one goes here
code = ('64 64 | 2 2 64 | 2 2,2 64,64 | 2 2,2,2 64,64,64 | '
        '2 2,2,2,2 64,64,64,64 | 64')
out_channels = int(code.split()[-1])
model = dict(
    data_preprocessor=dict(size=(512, 512)),
    backbone=dict(arch=code),
    decode_head=dict(
        in_channels=out_channels, channels=out_channels, num_classes=150))
main_metric = 'mIoU'  # of a benchmark
auto_scale_lr = dict(enable=False, base_batch_size=16)
