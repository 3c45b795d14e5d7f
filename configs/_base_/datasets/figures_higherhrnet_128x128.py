# Made by `python tools/dataset_converters/make_demo.py
# data/scalenas_demo_figures --kind figures`; an image with all its figures is
# a sample.
dataset_type = 'mmpose.CocoDataset'
data_root = 'data/scalenas_demo_figures/'
input_size = (128, 128)
train_pipeline = [
    dict(type='mmpose.LoadImage'),
    dict(
        type='mmpose.HigherHRNetAffine',
        input_size=input_size,
        scale_factor=(0.8, 1.2),
        rotation=15.,
        translation=20.),
    dict(type='mmpose.RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='mmpose.GenerateTarget',
        encoder=dict(
            type='mmpose.HigherResolutionHeatmaps',
            input_size=input_size,
            heatmap_sizes=[(32, 32), (64, 64)],
            sigma=2.0)),
    dict(type='mmpose.HeatmapMasks'),
    dict(type='mmpose.PackPoseInputs')
]
# all but category_id, of which an image has as many as people
meta_keys = ('id', 'img_id', 'img_path', 'ori_shape', 'img_shape',
             'input_size', 'input_center', 'input_scale', 'flip_indices')
val_pipeline = [
    dict(type='mmpose.LoadImage'),
    dict(type='mmpose.HigherHRNetResize', input_size=128),
    dict(type='mmpose.PackPoseInputs', meta_keys=meta_keys)
]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode='bottomup',
        ann_file='annotations/person_keypoints_train.json',
        data_prefix=dict(img='images/train/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode='bottomup',
        ann_file='annotations/person_keypoints_val.json',
        data_prefix=dict(img='images/val/'),
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = val_dataloader

# people that overlap are kept; a score is the mean of the joints'
val_evaluator = dict(
    type='mmpose.CocoMetric',
    ann_file=data_root + 'annotations/person_keypoints_val.json',
    nms_mode='none',
    score_mode='bbox')
test_evaluator = val_evaluator
