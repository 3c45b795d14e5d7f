# A found network on CrowdPose: 14 joints, trained on trainval, tested on test,
# with mmpose's annotation files (ScaleNAS, appendix A.10; table 3 has
# ScaleNet-P4 here).
_base_ = './scalenet-w48_higherhrnet_subnet_8xb10-300e_coco-640x640.py'
model = dict(head=dict(num_keypoints=14))
data_root = 'data/crowdpose/'
train_dataloader = dict(
    dataset=dict(
        type='CrowdPoseDataset',
        data_root=data_root,
        ann_file='annotations/mmpose_crowdpose_trainval.json',
        data_prefix=dict(img='images/')))
val_dataloader = dict(
    dataset=dict(
        type='CrowdPoseDataset',
        data_root=data_root,
        ann_file='annotations/mmpose_crowdpose_test.json',
        data_prefix=dict(img='images/')))
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=data_root + 'annotations/mmpose_crowdpose_test.json',
    iou_type='keypoints_crowd',
    use_area=False,
    prefix='crowdpose')
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='crowdpose/AP'))
