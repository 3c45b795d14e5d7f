# Seg: Cityscapes in crops of 512x1024; NCP, appendix A.1 (8 GPUs, batch 64).
# Ranges of the augmentation are mmseg's, the paper gives none.
_base_ = [
    '../../_base_/models/ncpnet_fcn.py',
    'mmseg::_base_/datasets/cityscapes.py',
    'mmseg::_base_/schedules/schedule_40k.py',
    'mmseg::_base_/default_runtime.py'
]
custom_imports = dict(imports=['scalenas_mm.registry'])

# the code from which NCP starts; a searched one goes here
code = ('64 64 | 2 2 64 | 2 2,2 64,64 | 2 2,2,2 64,64,64 | '
        '2 2,2,2,2 64,64,64,64 | 64')
out_channels = int(code.split()[-1])
model = dict(
    data_preprocessor=dict(size=(512, 1024)),
    backbone=dict(arch=code),
    decode_head=dict(in_channels=out_channels, channels=out_channels))

train_dataloader = dict(batch_size=8, num_workers=4)

max_iters = 25000  # 538 epochs
train_cfg = dict(max_iters=max_iters, val_interval=5000)
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=4e-5))
# "The learning rate and momentum follow the poly scheduler": so does neither
# mmseg nor HRNet, whose momentum is constant. For that, drop the second entry.
# The paper gives a minimum for the learning rate only.
param_scheduler = [
    dict(
        type='PolyLR', power=0.9, eta_min=1e-4, end=max_iters, by_epoch=False),
    dict(type='PolyMomentum', power=0.9, end=max_iters, by_epoch=False)
]
default_hooks = dict(checkpoint=dict(interval=5000))
main_metric = 'mIoU'  # of a benchmark
auto_scale_lr = dict(enable=False, base_batch_size=64)
