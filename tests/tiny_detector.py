"""Config of a small two-stage detector."""
BACKBONE = dict(
    type='scalenas_mm.ScaleNet',
    width=4,
    stem_width=4,
    stage1_blocks=1,
    depths=(1, 2),
    num_modules=(1, 1),
    norm_cfg=dict(type='BN'))
RPN = dict(
    type='RPNHead',
    in_channels=8,
    feat_channels=8,
    anchor_generator=dict(
        type='AnchorGenerator', scales=[8], ratios=[1.0], strides=[4, 8, 16]),
    bbox_coder=dict(type='DeltaXYWHBBoxCoder'),
    loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True),
    loss_bbox=dict(type='L1Loss'))
ROI = dict(
    type='StandardRoIHead',
    bbox_roi_extractor=dict(
        type='SingleRoIExtractor',
        roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=0),
        out_channels=8,
        featmap_strides=[4, 8, 16]),
    bbox_head=dict(
        type='Shared2FCBBoxHead',
        in_channels=8,
        fc_out_channels=16,
        num_classes=2,
        bbox_coder=dict(type='DeltaXYWHBBoxCoder'),
        loss_cls=dict(type='CrossEntropyLoss'),
        loss_bbox=dict(type='L1Loss')))
DETECTION = dict(
    type='FasterRCNN',
    data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32),
    backbone=BACKBONE,
    neck=dict(
        type='HRFPN', in_channels=[4, 8, 16], out_channels=8, num_outs=3),
    rpn_head=RPN,
    roi_head=ROI,
    train_cfg=dict(
        rpn=dict(
            assigner=dict(
                type='MaxIoUAssigner',
                pos_iou_thr=0.7,
                neg_iou_thr=0.3,
                min_pos_iou=0.3,
                ignore_iof_thr=-1),
            sampler=dict(
                type='RandomSampler',
                num=16,
                pos_fraction=0.5,
                neg_pos_ub=-1,
                add_gt_as_proposals=False),
            allowed_border=-1,
            pos_weight=-1,
            debug=False),
        rpn_proposal=dict(
            nms_pre=20,
            max_per_img=10,
            nms=dict(type='nms', iou_threshold=0.7),
            min_bbox_size=0),
        rcnn=dict(
            assigner=dict(
                type='MaxIoUAssigner',
                pos_iou_thr=0.5,
                neg_iou_thr=0.5,
                min_pos_iou=0.5,
                match_low_quality=False,
                ignore_iof_thr=-1),
            sampler=dict(
                type='RandomSampler',
                num=16,
                pos_fraction=0.25,
                neg_pos_ub=-1,
                add_gt_as_proposals=True),
            pos_weight=-1,
            debug=False)),
    test_cfg=dict(
        rpn=dict(
            nms_pre=20,
            max_per_img=10,
            nms=dict(type='nms', iou_threshold=0.7),
            min_bbox_size=0),
        rcnn=dict(
            score_thr=0.05,
            nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=10)))
