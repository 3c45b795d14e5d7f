# Seg-4x: Cityscapes resized to 256x512 beforehand, in crops of 128x256; see
# tools/dataset_converters/resize_cityscapes.py.
_base_ = './ncpnet_fcn_8xb8-25k_cityscapes-512x1024.py'
data_root = 'data/cityscapes_256x512'
crop_size = (128, 256)
scale = (512, 256)  # width, height
model = dict(data_preprocessor=dict(size=crop_size))

train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = scale  # RandomResize
train_pipeline[3].crop_size = crop_size  # RandomCrop
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = scale  # Resize
train_dataloader = dict(
    dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
