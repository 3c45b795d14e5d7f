"""Models of the task libraries with a small ScaleNet as their backbone."""
from mmengine.hub import get_config

BACKBONE = dict(
    type='scalenas_mm.ScaleNet',
    width=4,
    stem_width=8,
    stage1_blocks=1,
    num_modules=(1, 1, 1),
    norm_cfg=dict(type='BN'))
CHANNELS = [4, 8, 16, 32]


def segmentor(head, **kwargs):
    """mmseg: a head that reads all branches."""
    return dict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor', size_divisor=1),
        backbone=BACKBONE,
        decode_head=dict(
            type=head,
            in_channels=CHANNELS,
            in_index=(0, 1, 2, 3),
            channels=8,
            num_classes=5,
            norm_cfg=dict(type='BN'),
            **kwargs))


def detector(neck, **kwargs):
    """mmdet: Faster R-CNN on a pyramid."""
    model = get_config('mmdet::_base_/models/faster-rcnn_r50_fpn.py').model
    model.backbone = BACKBONE
    model.neck = dict(
        type=neck, in_channels=CHANNELS, out_channels=16, num_outs=5, **kwargs)
    model.rpn_head.update(in_channels=16, feat_channels=16)
    model.roi_head.bbox_roi_extractor.out_channels = 16
    model.roi_head.bbox_head.update(
        in_channels=16, fc_out_channels=16, num_classes=10)
    return model


def pose(head, neck=None, **backbone):
    """mmpose: images of 64x48."""
    return dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(type='PoseDataPreprocessor'),
        backbone=dict(BACKBONE, **backbone),
        neck=neck,
        head=head)


HEATMAP = pose(
    dict(
        type='HeatmapHead',
        in_channels=4,
        out_channels=17,
        deconv_out_channels=None,
        loss=dict(type='KeypointMSELoss')),
    multi_scale_output=False)
# both read the last of the maps
RTMCC = pose(
    dict(
        type='RTMCCHead',
        in_channels=32,
        out_channels=17,
        input_size=(48, 64),
        in_featuremap_size=(2, 2),
        gau_cfg=dict(
            hidden_dims=16,
            s=8,
            expansion_factor=2,
            dropout_rate=0.,
            drop_path=0.,
            act_fn='SiLU',
            use_rel_bias=False,
            pos_enc=False),
        loss=dict(type='KLDiscretLoss', use_target_weight=True)))
DEEPPOSE = pose(
    dict(type='RegressionHead', in_channels=32, num_joints=17),
    neck=dict(type='GlobalAveragePooling'))


def pointpillars():
    """mmdet3d: the pillars' map, 128x128, is the image."""
    model = get_config(
        'mmdet3d::_base_/models/pointpillars_hv_secfpn_kitti.py').model
    field = [0, -10.24, -3, 20.48, 10.24, 1]
    model.data_preprocessor.voxel_layer.point_cloud_range = field
    model.voxel_encoder.point_cloud_range = field
    model.middle_encoder.output_shape = [128, 128]
    model.backbone = dict(BACKBONE, in_channels=64)
    model.neck.update(
        in_channels=CHANNELS,
        upsample_strides=[1, 2, 4, 8],
        out_channels=[8] * 4)
    model.bbox_head.update(in_channels=32, feat_channels=32)
    return model
