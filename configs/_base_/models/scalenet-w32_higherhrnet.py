# ScaleNet W32 with HigherHRNet's head: heatmaps and tags at 1/4, heatmaps at
# 1/2, with the released weights of the losses.
data_preprocessor = dict(
    type='ScalesDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True)
model = dict(
    type='HigherHRNet',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='scalenas_mm.ScaleNet',
        width=32,
        multi_scale_output=False,
        upsample='bilinear'),
    head=dict(
        type='HigherResolutionHead',
        in_channels=32,
        num_keypoints=17,
        deconv_channels=(32, ),
        with_tags=(True, False),
        heatmap_loss=dict(type='KeypointMSELoss'),
        tag_loss=dict(
            type='PullPushLoss', pull_weight=0.001, push_weight=0.001)),
    test_cfg=dict(flip_test=True))
