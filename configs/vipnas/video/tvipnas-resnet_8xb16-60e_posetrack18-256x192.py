# A frozen S-ViPNAS-Res50 for the key frame and, for three frames after it,
# networks that take the heatmaps of the frame before. Here all of them are the
# largest, the same as the key frame's; supernet and exported networks build on
# this config.
_base_ = [
    '../../_base_/models/tvipnas_resnet.py',
    '../../_base_/datasets/posetrack18_clips_256x192.py',
    '../../_base_/mmpose_runtime.py'
]
custom_imports = dict(
    imports=['scalenas_mm.registry', 'projects.vipnas_video.vipnas_video'])
start = 'work_dirs/vipnasresnet_td-hm_subnet_8xb64-20e_posetrack18-256x192/epoch_20.pth'  # noqa: E501
model = dict(
    key=dict(
        init_cfg=dict(type='Pretrained', checkpoint=start),
        head=dict(decoder=_base_.codec)),
    head=dict(decoder=_base_.codec))

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='Adam', lr=0.001))
param_scheduler = dict(type='CosineAnnealingLR', T_max=60, by_epoch=True)
auto_scale_lr = dict(enable=False, base_batch_size=128)
