# S-ViPNAS-MobileNetV3 for the key frame, in ``arch`` and ``key``; for the
# others networks that are nowhere larger. In place of ``arch`` may stand that
# of another network, or a JSON file of it.
arch = dict(
    stem=16,
    stages=[
        dict(depth=1, width=16, expansion=1, kernel=3, groups=8, attention=1),
        dict(
            depth=4, width=24, expansion=5, kernel=7, groups=120, attention=1),
        dict(depth=4, width=40, expansion=4, kernel=7, groups=20, attention=0),
        dict(
            depth=4, width=80, expansion=5, kernel=5, groups=100, attention=1),
        dict(
            depth=4, width=112, expansion=5, kernel=7, groups=280,
            attention=1),
        dict(
            depth=4, width=160, expansion=6, kernel=5, groups=240, attention=1)
    ],
    head=dict(width=160, kernel=4, groups=[160, 160, 160]))
head = dict(
    type='scalenas_mm.ElasticHeatmapHead',
    in_channels=None,  # as the other sizes, in arch
    out_channels=17,
    arch=arch,
    loss=dict(type='mmpose.KeypointMSELoss', use_target_weight=True))
model = dict(
    type='scalenas_mm.TViPNet',
    data_preprocessor=dict(
        type='scalenas_mm.ClipPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    key=dict(
        type='mmpose.TopdownPoseEstimator',
        backbone=dict(type='scalenas_mm.ViPNASMobileNetV3', arch=arch),
        head=head),
    backbone=dict(
        type='scalenas_mm.TViPNAS',
        network=dict(type='scalenas_mm.ViPNASMobileNetV3'),
        num_frames=3,
        within=arch),
    head=head)
