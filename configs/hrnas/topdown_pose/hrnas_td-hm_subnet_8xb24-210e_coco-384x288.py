# As at 256x192, with half the batch (appendix A) and half as large a sigma
# again, as mmpose's HRNet.
_base_ = './hrnas_td-hm_subnet_8xb48-210e_coco-256x192.py'
codec = dict(
    type='MSRAHeatmap', input_size=(288, 384), heatmap_size=(72, 96), sigma=3)
model = dict(head=dict(decoder=codec))
crop = dict(type='TopdownAffine', input_size=codec['input_size'])
pack = dict(type='PackPoseInputs')
train_pipeline = [
    *_base_.train_pipeline[:3], crop,
    dict(type='GenerateTarget', encoder=codec), pack
]
val_pipeline = [*_base_.val_pipeline[:2], crop, pack]
train_dataloader = dict(batch_size=24, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
auto_scale_lr = dict(base_batch_size=192)
