# Clips of the videos that `python tools/dataset_converters/make_video_demo.py
# data/scalenas_demo_videos` makes: a person in a key frame and three more, in
# the true box of the key frame.
dataset_type = 'scalenas_mm.PoseTrackClips'
data_root = 'data/scalenas_demo_videos/'
num_frames = 3
codec = dict(
    type='mmpose.MSRAHeatmap',
    input_size=(96, 128),
    heatmap_size=(48, 64),
    sigma=2,
    unbiased=True)  # small heatmaps: decode between pixels
load = [
    dict(type='mmpose.LoadImage'),
    dict(type='mmpose.GetBBoxCenterScale', padding=1.25)
]
crop = dict(type='mmpose.TopdownAffine', input_size=codec['input_size'])
pack = dict(type='mmpose.PackPoseInputs')
train_pipeline = [
    dict(
        type='scalenas_mm.OnEachFrame',
        transforms=[
            *load,
            dict(type='mmpose.RandomFlip', direction='horizontal'),
            dict(
                type='mmpose.RandomBBoxTransform',
                shift_prob=0.0,
                scale_factor=(0.9, 1.1),
                rotate_factor=10.0), crop,
            dict(type='mmpose.GenerateTarget', encoder=codec), pack
        ])
]
val_pipeline = [
    dict(type='scalenas_mm.OnEachFrame', transforms=[*load, crop, pack])
]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/posetrack18_train.json',
        data_prefix=dict(img=''),
        num_frames=num_frames,
        key_frames='track',
        stride=1,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/posetrack18_val.json',
        data_prefix=dict(img=''),
        num_frames=num_frames,
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='scalenas_mm.PoseTrackMetric')
test_evaluator = val_evaluator
