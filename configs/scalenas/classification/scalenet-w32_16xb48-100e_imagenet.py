# The full network trained on ImageNet, with the head of HRNet for
# classification; ScaleNAS, appendix A.7 (16 GPUs, batch 768). Teachers of all
# tasks start from its backbone.
_base_ = [
    'mmpretrain::_base_/models/hrnet/hrnet-w32.py',
    'mmpretrain::_base_/datasets/imagenet_bs32_pil_resize.py',
    'mmpretrain::_base_/schedules/imagenet_bs256.py',
    'mmpretrain::_base_/default_runtime.py'
]
custom_imports = dict(imports=['scalenas_mm.registry'])

model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.ScaleNet',
        width=32,
        upsample='bilinear'))

train_dataloader = dict(batch_size=48)
val_dataloader = dict(batch_size=48)
test_dataloader = dict(batch_size=48)

# momentum 0.9, weight decay 1e-4 and a tenth of the learning rate after 30, 60
# and 90 of 100 epochs are upstream's too
optim_wrapper = dict(optimizer=dict(lr=0.3, nesterov=True))
default_hooks = dict(checkpoint=dict(interval=10))
randomness = dict(seed=0)
auto_scale_lr = dict(base_batch_size=768)
