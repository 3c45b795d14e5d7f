# Video-p: starts from the network trained on ImageNet-50-1000. The 3-D
# convolution and the classifier have no counterpart there and start anew.
_base_ = './ncp_video_hmdb51.py'
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='work_dirs/ncp_cls-50-1000_imagenet/epoch_100.pth',
            prefix='backbone.')))
