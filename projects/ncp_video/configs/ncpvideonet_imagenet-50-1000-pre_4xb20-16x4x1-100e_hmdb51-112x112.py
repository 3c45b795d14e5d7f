# Video-p: starts from the network trained on ImageNet-50-1000. The 3-D
# convolution and the classifier have no counterpart there and start anew.
_base_ = './ncpvideonet_4xb20-16x4x1-100e_hmdb51-112x112.py'
images = 'work_dirs/ncpnet_2xb80-100e_imagenet-50-1000/epoch_100.pth'
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint=images, prefix='backbone.')))
