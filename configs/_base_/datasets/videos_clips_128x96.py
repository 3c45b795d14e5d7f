# The same videos in clips: a person in a key frame and three more, each in its
# true box, with the same transforms.
_base_ = './videos_td-hm_128x96.py'
dataset_type = 'scalenas_mm.PoseTrackClips'
num_frames = 3
train_pipeline = [
    dict(
        type='scalenas_mm.OnEachFrame',
        boxes='own',
        transforms=_base_.train_pipeline)
]
val_pipeline = [
    dict(
        type='scalenas_mm.OnEachFrame',
        boxes='own',
        transforms=_base_.val_pipeline)
]
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        type=dataset_type,
        num_frames=num_frames,
        key_frames='track',
        stride=1,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    dataset=dict(
        type=dataset_type, num_frames=num_frames, pipeline=val_pipeline))
test_dataloader = val_dataloader
