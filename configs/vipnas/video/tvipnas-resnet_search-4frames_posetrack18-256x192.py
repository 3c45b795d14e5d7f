# Table 4: 4 frames after a key frame, an average of 1.0 GFLOPs a frame, with
# the supernet that was trained with three.
_base_ = './tvipnas-resnet_search_posetrack18-256x192.py'
num_frames = 4
model = dict(architecture=dict(backbone=dict(num_frames=num_frames)))
train_dataloader = dict(dataset=dict(num_frames=num_frames))
val_dataloader = dict(dataset=dict(num_frames=num_frames))
test_dataloader = val_dataloader
train_cfg = dict(searcher=dict(constraints=dict(paper_gflops=(None, 1.0))))
