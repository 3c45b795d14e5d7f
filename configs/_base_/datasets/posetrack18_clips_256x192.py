# Clips of a key frame and three more, each in its true box (ViPNAS, Sec. 4.1
# and 4.2). "The same augmentation methods are applied across T+1 frames";
# which ones the paper does not say: those of mmpose for PoseTrack18, without
# half bodies, which depend on the keypoints of each frame.
dataset_type = 'scalenas_mm.PoseTrackClips'
data_root = 'data/posetrack18/'
num_frames = 3
codec = dict(
    type='mmpose.MSRAHeatmap',
    input_size=(192, 256),
    heatmap_size=(48, 64),
    sigma=2)
load = [dict(type='mmpose.LoadImage'), dict(type='mmpose.GetBBoxCenterScale')]
crop = dict(type='mmpose.TopdownAffine', input_size=codec['input_size'])
pack = dict(type='mmpose.PackPoseInputs')
train_pipeline = [
    dict(
        type='scalenas_mm.OnEachFrame',
        boxes='own',
        transforms=[
            *load,
            dict(type='mmpose.RandomFlip', direction='horizontal'),
            dict(type='mmpose.RandomBBoxTransform'), crop,
            dict(type='mmpose.GenerateTarget', encoder=codec), pack
        ])
]
val_pipeline = [
    dict(
        type='scalenas_mm.OnEachFrame',
        boxes='own',
        transforms=[*load, crop, pack])
]
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/posetrack18_train.json',
        data_prefix=dict(img=''),
        num_frames=num_frames,
        # every labelled frame begins a clip
        key_frames='track',
        stride=1,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
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
