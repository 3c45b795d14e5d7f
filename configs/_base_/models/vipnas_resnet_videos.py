# The space of the demo on videos, and the head that follows it.
# three stages of the ResNet: crops are small
network = dict(
    type='scalenas_mm.ViPNASResNet',
    stem=(16, ),
    stages=[
        dict(depth=(1, 2), width=(24, 32), groups=(4, ), stride=1),
        dict(
            depth=(1, 2, 3),
            width=(32, 48, 64),
            kernel=(3, 5),
            groups=(4, 8),
            stride=2),
        dict(
            depth=(1, 2, 3),
            width=(48, 64, 80, 96),
            kernel=(3, 5),
            groups=(4, 8),
            stride=2)
    ],
    head=dict(width=(32, ), groups=(2, )))
head = dict(
    type='scalenas_mm.ElasticHeatmapHead',
    in_channels=96,
    out_channels=17,
    deconv_out_channels=(32, 32, 32),
    deconv_kernel_sizes=(4, 4, 4),
    deconv_num_groups=(2, 2, 2),
    loss=dict(type='mmpose.KeypointMSELoss', use_target_weight=True))
