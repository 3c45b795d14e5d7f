# The full network W48 at 640x640, 10 images a GPU. The released network of
# this size was trained in half precision (tools/train.py --amp).
_base_ = './scalenet-w32_higherhrnet_8xb12-300e_coco-512x512.py'
model = dict(
    backbone=dict(
        width=48,
        init_cfg=dict(checkpoint='https://download.openmmlab.com/mmpose/'
                      'pretrain_models/hrnet_w48-8ef0771d.pth')),
    head=dict(in_channels=48, deconv_channels=(48, )))

input_size = (640, 640)
train_pipeline = _base_.train_pipeline
train_pipeline[1].input_size = input_size
train_pipeline[3].encoder.update(
    input_size=input_size, heatmap_sizes=[(160, 160), (320, 320)])
val_pipeline = _base_.val_pipeline
val_pipeline[1].input_size = 640
tta_pipeline = _base_.tta_pipeline
tta_pipeline[1].input_size = 640
train_dataloader = dict(batch_size=10, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
auto_scale_lr = dict(base_batch_size=80)
