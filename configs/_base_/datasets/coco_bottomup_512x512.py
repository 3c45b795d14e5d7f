# COCO's images with all their people, for HigherHRNet; its augmentation and
# its sizes in testing.
input_size = (512, 512)
data_root = 'data/coco/'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='HigherHRNetAffine', input_size=input_size),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='GenerateTarget',
        encoder=dict(
            type='HigherResolutionHeatmaps',
            input_size=input_size,
            heatmap_sizes=[(128, 128), (256, 256)])),
    dict(type='HeatmapMasks'),
    dict(type='PackPoseInputs')
]
# all but category_id, of which an image has as many as people
meta_keys = ('id', 'img_id', 'img_path', 'crowd_index', 'ori_shape',
             'img_shape', 'input_size', 'input_center', 'input_scale', 'flip',
             'flip_direction', 'flip_indices', 'raw_ann_info',
             'skeleton_links')
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='HigherHRNetResize', input_size=512),
    dict(type='PackPoseInputs', meta_keys=meta_keys)
]
# what tools/test.py --tta tests with; the estimator aggregates the scales
tta_pipeline = [
    dict(type='LoadImage'),
    dict(type='HigherHRNetResize', input_size=512, scales=(0.5, 1, 2)),
    dict(type='PackScales', meta_keys=meta_keys)
]
tta_model = None

train_dataloader = dict(
    batch_size=12,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='CocoDataset',
        data_root=data_root,
        data_mode='bottomup',
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='CocoDataset',
        data_root=data_root,
        data_mode='bottomup',
        ann_file='annotations/person_keypoints_val2017.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = val_dataloader

# people that overlap are kept; a score is the mean of the joints'
val_evaluator = dict(
    type='CocoMetric',
    ann_file=data_root + 'annotations/person_keypoints_val2017.json',
    nms_mode='none',
    score_mode='bbox')
test_evaluator = val_evaluator
