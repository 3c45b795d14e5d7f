"""Small spaces of ViPNAS on videos for tests."""
from scalenas_mm.spaces import TViPNASSpace, ViPNASSpace

SPATIAL = dict(
    resnet50=dict(
        stem=(4, 8),
        stages=[
            dict(depth=(1, 2), width=(8, 12), groups=(2, 4), kernel=(3, 5)),
            dict(depth=(2, ), width=(24, 32), groups=(2, 4, 8), stride=2)
        ],
        head=dict(width=(8, 12), groups=(2, 4), layers=1)),
    mobilenetv3=dict(
        stem=(4, ),
        stages=[
            dict(depth=(1, ), width=(4, ), group_width=(1, 2)),
            dict(
                depth=(1, 2),
                width=(8, ),
                expansion=(2, 3),
                kernel=(3, 5),
                group_width=(1, 2, 4),
                stride=2),
            dict(
                depth=(1, 2),
                width=(16, 24),
                expansion=(3, ),
                group_width=(1, 3),
                stride=2,
                activation='HSwish')
        ],
        head=dict(width=(8, 16), group_width=(1, 4), layers=1)),
    hrnet_w32=dict(
        stem=(4, 8),
        stages=[
            dict(depth=(1, ), width=(1, 2), groups=(1, )),
            dict(
                depth=(4, ),
                branches=[
                    dict(width=(8, 12), groups=(1, 2, 4)),
                    dict(width=(12, 16), groups=(1, 2))
                ])
        ],
        head=None))


def tiny_video_space(family='resnet50', **settings):
    """A small space of a family."""
    settings = dict(dict(heatmaps=5, num_frames=2), **settings)
    return TViPNASSpace(ViPNASSpace(family, **SPATIAL[family]), **settings)
