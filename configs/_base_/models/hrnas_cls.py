# HR-NAS for images: searching blocks of the backbone widen all branches and
# join them at 1/32 of the image. Widths, norms, dropout and smoothed labels
# are the released code's; the paper does not give them.
model = dict(
    type='mmpretrain.ImageClassifier',
    backbone=dict(
        type='scalenas_mm.HRNAS',
        head='classification',
        head_channels=(36, 72, 144, 320, 1600),
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01),
        dropout=0.2),
    neck=dict(type='mmpretrain.GlobalAveragePooling'),
    head=dict(
        type='mmpretrain.LinearClsHead',
        num_classes=1000,
        in_channels=1600,
        loss=dict(
            type='mmpretrain.LabelSmoothLoss',
            label_smooth_val=0.1,
            mode='original'),
        topk=(1, 5)))
