# NCPNet with the head of the paper for segmentation: the one output of the
# backbone is classified.
norm_cfg = dict(type='SyncBN', requires_grad=True)
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
        type='scalenas_mm.NCPNet', arch='initial', norm_cfg=norm_cfg),
    decode_head=dict(
        type='mmseg.FCNHead',
        in_channels=64,
        in_index=0,
        channels=64,
        num_convs=0,
        concat_input=False,
        dropout_ratio=-1,
        num_classes=19,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='mmseg.CrossEntropyLoss', loss_weight=1.0)),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
# The output of the backbone has as many channels as the architecture says;
# where tools/build_benchmark.py writes their number.
output_channels_keys = [
    'model.decode_head.in_channels', 'model.decode_head.channels'
]
