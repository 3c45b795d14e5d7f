# S-ViPNAS-MobileNetV3 on single frames of PoseTrack18: the network of the key
# frame. ViPNAS, Sec. 4.2: from COCO, 20 epochs, learning rate 1e-4, a tenth
# after 10 and 15. Optimiser, batch and augmentation, which it does not give,
# are those of the network on COCO. Persons are in their true boxes (Sec. 4.1).
#   --cfg-options model.backbone.arch=ARCH.json model.head.arch=ARCH.json
# takes another one.
_base_ = '../topdown_pose/vipnasmobilenetv3_td-hm_subnet_8xb64-210e_coco-256x192.py'  # noqa: E501
custom_imports = dict(
    imports=['scalenas_mm.registry', 'projects.vipnas_video.vipnas_video'])
load_from = 'work_dirs/vipnasmobilenetv3_td-hm_subnet_8xb64-210e_coco-256x192/epoch_210.pth'  # noqa: E501

data = dict(
    type='scalenas_mm.PoseTrackFrames',
    data_root='data/posetrack18/',
    data_prefix=dict(img=''))
train_dataloader = dict(
    dataset=dict(ann_file='annotations/posetrack18_train.json', **data))
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/posetrack18_val.json', bbox_file=None, **data))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='scalenas_mm.PoseTrackMetric')
test_evaluator = val_evaluator

train_cfg = dict(max_epochs=20)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = [
    dict(
        type='MultiStepLR',
        milestones=[10, 15],
        gamma=0.1,
        begin=0,
        end=20,
        by_epoch=True)
]
default_hooks = dict(checkpoint=dict(save_best='posetrack/AP', rule='greater'))
