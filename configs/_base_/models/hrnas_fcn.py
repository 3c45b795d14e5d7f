# HR-NAS for segmentation: a searching block of the backbone joins all branches
# at 1/4 of the image, one convolution classifies. Norms have the released
# code's settings, statistics of each GPU; the paper does not say.
norm_cfg = dict(type='BN', eps=1e-3, momentum=0.01)
data_preprocessor = dict(
    type='mmseg.SegDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=(512, 1024))
model = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='scalenas_mm.HRNAS', head_channels=(90, ), norm_cfg=norm_cfg),
    decode_head=dict(
        type='mmseg.FCNHead',
        in_channels=90,
        in_index=0,
        channels=90,
        num_convs=0,
        concat_input=False,
        dropout_ratio=-1,
        num_classes=19,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='mmseg.CrossEntropyLoss', loss_weight=1.0)),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
