"""Spaces of ViPNAS for tests."""
from scalenas_mm.spaces import ViPNASSpace

TINY = dict(
    resnet50=dict(
        stem=(4, 8),
        stages=[
            dict(depth=(1, 2), width=(8, 12), groups=(2, 4), kernel=(3, 5)),
            dict(
                depth=(2, ),
                width=(12, 16),
                groups=(2, 3, 4, 8),
                kernel=(3, ),
                stride=2)
        ],
        head=dict(width=(8, 12), kernel=(2, 4), groups=(2, 3, 4), layers=2)),
    mobilenetv3=dict(
        stem=(4, ),
        stages=[
            dict(depth=(1, ), width=(4, ), group_width=(1, 2)),
            dict(
                depth=(1, 2, 3),
                width=(8, ),
                expansion=(2, 3),
                kernel=(3, 5, 7),
                group_width=(1, 2, 4),
                stride=2),
            dict(
                depth=(1, 2),
                width=(8, 12),
                expansion=(3, ),
                group_width=(1, 3),
                stride=2,
                activation='HSwish')
        ],
        head=dict(width=(8, 16), group_width=(1, 4), layers=1)),
    hrnet_w32=dict(
        stem=(4, 8),
        stages=[
            dict(depth=(1, 2), width=(2, 4), groups=(1, 2)),
            dict(
                depth=(4, ),
                branches=[
                    dict(width=(2, 4), groups=(1, 2, 4)),
                    dict(width=(4, 8), kernel=(3, 5), groups=(1, 2))
                ]),
            dict(
                depth=(4, 8),
                branches=[
                    dict(width=(2, 4), groups=(1, )),
                    dict(width=(4, 8), groups=(1, 2, 8)),
                    dict(width=(8, 12), groups=(1, 4, 12), attention=(0, ))
                ])
        ]))


def tiny_space(family, **changes):
    """A small space of a family."""
    return ViPNASSpace(family, **{**TINY[family], **changes})
