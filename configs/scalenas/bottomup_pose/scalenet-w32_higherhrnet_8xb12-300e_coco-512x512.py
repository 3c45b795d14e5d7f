# The full network trained alone; ScaleNAS, appendix A.10, which follows
# HigherHRNet: Adam, 0.001 dropped at epochs 200 and 260, 12 images a GPU.
# Neither says how many GPUs; 8 is ours. It begins with HRNet's public ImageNet
# weights in the layers that it shares with HRNet.
_base_ = [
    '../../_base_/models/scalenet-w32_higherhrnet.py',
    '../../_base_/datasets/coco_bottomup_512x512.py',
    'mmpose::_base_/default_runtime.py'
]
custom_imports = dict(
    imports=['scalenas_mm.registry', 'projects.higherhrnet.higherhrnet'])
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmpose/'
            'pretrain_models/hrnet_w32-36af842e.pth')))

train_cfg = dict(max_epochs=300, val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='Adam', lr=0.001))
param_scheduler = dict(
    type='MultiStepLR', milestones=[200, 260], gamma=0.1, by_epoch=True)
auto_scale_lr = dict(enable=False, base_batch_size=96)
default_hooks = dict(
    checkpoint=dict(save_best='coco/AP', rule='greater', max_keep_ckpts=1))
randomness = dict(seed=0)
# a sub-network leaves many weights of the supernet without a gradient
find_unused_parameters = True
