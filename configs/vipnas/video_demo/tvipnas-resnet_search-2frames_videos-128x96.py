# Table 4: 2 frames after a key frame, of the same MACs on average, with the
# supernet that was trained with three.
_base_ = './tvipnas-resnet_search_videos-128x96.py'
num_frames = 2
model = dict(architecture=dict(backbone=dict(num_frames=num_frames)))
train_dataloader = dict(dataset=dict(num_frames=num_frames))
val_dataloader = dict(dataset=dict(num_frames=num_frames))
test_dataloader = val_dataloader
train_cfg = dict(
    searcher=dict(constraints=dict(_delete_=True, frame_macs=(None, 34.4e6))))
