"""The three families of ViPNAS: what the tables of the paper allow.

``paper`` choices are those of tables A1 to A3, widened where a published
network lies outside of them. Numbers of groups that do not divide the
channels are never taken, see :mod:`.groups`.
"""
from typing import Any, Dict, NamedTuple, Optional, Tuple

Choices = Dict[str, Any]


class Family(NamedTuple):
    """A kind of network.

    Attributes:
        block: ``bottleneck``, ``mobile`` or ``hrnet``.
        attention: ``gc`` or ``se``.
        stem: Choices of the channels of the stem.
        stages: Choices of each stage.
        head: Choices of the transposed convolutions; None if there are none.
        named: Dicts of named architectures.
    """
    block: str
    attention: str
    stem: Tuple[int, ...]
    stages: Tuple[Choices, ...]
    head: Optional[Choices]
    named: Dict[str, Any]


def _steps(low: int, high: int, step: int = 16) -> Tuple[int, ...]:
    return tuple(range(low, high + 1, step))


BOTH = (0, 1)


# Table A2; its resolution of stage 1 is a misprint, the pooling gives 1/4
def _resnet_stage(depth: Any, width: Any, stride: int = 2) -> Choices:
    return dict(
        depth=depth,
        width=width,
        kernel=(3, 5),
        groups=(16, 32, 48, 64),
        attention=BOTH,
        stride=stride)


RESNET50 = Family(
    'bottleneck', 'gc', (32, 48, 64),
    (_resnet_stage((3, 4),
                   (64, 80), 1), _resnet_stage((4, 5, 6), _steps(128, 160)),
     _resnet_stage(
         (6, 7, 8), _steps(256, 320)), _resnet_stage(
             (3, 4), _steps(512, 640))),
    dict(width=_steps(64, 256), kernel=(4, ), groups=(16, 32, 48, 64)),
    dict(
        published=dict(
            stem=48,
            stages=[
                dict(
                    depth=depth,
                    width=width,
                    expansion=1,
                    kernel=kernel,
                    groups=16,
                    attention=attention)
                for depth, width, kernel, attention in ((4, 80, 3, 1), (6, 160,
                                                                        5, 0),
                                                        (7, 304, 5,
                                                         1), (3, 608, 5, 1))
            ],
            head=dict(width=144, kernel=4, groups=[16, 16, 16]))))


# Table A1. Every bound of its column "group" is the middle width divided by
# 8, at the least expansion, and by 1, at the largest: groups are of 1, 2, 4
# or 8 channels. Its head is 256 wide, the published one 160.
def _mobile_stage(width: int, stride: int, activation: str) -> Choices:
    return dict(
        depth=(2, 3, 4),
        width=(width, ),
        expansion=(3, 4, 5, 6),
        kernel=(3, 5, 7),
        group_width=(1, 2, 4, 8),
        attention=BOTH,
        stride=stride,
        activation=activation)


MOBILENETV3 = Family(
    'mobile', 'se', (16, ),
    (dict(
        depth=(1, ),
        width=(16, ),
        kernel=(3, ),
        group_width=(1, 2, 4, 8),
        attention=BOTH,
        stride=1), _mobile_stage(24, 2, 'ReLU'), _mobile_stage(40, 2, 'ReLU'),
     _mobile_stage(80, 2, 'HSwish'), _mobile_stage(
         112, 1, 'HSwish'), _mobile_stage(160, 2, 'HSwish')),
    dict(width=(160, 256), kernel=(4, ), group_width=(1, 2, 4, 8)),
    dict(
        published=dict(
            stem=16,
            stages=[
                dict(
                    depth=depth,
                    width=width,
                    expansion=expansion,
                    kernel=kernel,
                    groups=groups,
                    attention=attention)
                for depth, width, expansion, kernel, groups, attention in (
                    (1, 16, 1, 3, 8, 1), (4, 24, 5, 7, 120, 1),
                    (4, 40, 4, 7, 20, 0), (4, 80, 5, 5, 100, 1),
                    (4, 112, 5, 7, 280, 1), (4, 160, 6, 5, 240, 1))
            ],
            head=dict(width=160, kernel=4, groups=[160, 160, 160]))))


# Table A3: widths in quarters of HRNet-W32's, groups by powers of two. The
# width of stage 1 is that of the middle convolution; four times as many
# channels come out. Depths count the blocks of all modules, 4 in each.
def _hrnet_branch(branch: int) -> Choices:
    most = 32 * 2**branch
    return dict(
        width=_steps(most // 4, most, most // 4),
        kernel=(3, ),
        groups=tuple(2**i for i in range(most.bit_length())),
        attention=BOTH)


def _hrnet_stage(depth: Any, branches: int) -> Choices:
    return dict(
        depth=depth, branches=[_hrnet_branch(b) for b in range(branches)])


HRNET_W32 = Family(
    'hrnet', 'se', _steps(16, 64), (dict(
        depth=(2, 3, 4),
        width=_steps(16, 64),
        kernel=(3, ),
        groups=(1, 2, 4, 8, 16),
        attention=BOTH), _hrnet_stage((4, ), 2), _hrnet_stage(
            (8, 12, 16), 3), _hrnet_stage((8, 12), 4)), None,
    dict(
        hrnet=dict(
            stem=64,
            stages=[
                dict(
                    depth=4,
                    width=64,
                    expansion=1,
                    kernel=3,
                    groups=1,
                    attention=0)
            ] + [
                dict(
                    depth=depth,
                    width=[32 * 2**b for b in range(num)],
                    expansion=[1] * num,
                    kernel=[3] * num,
                    groups=[1] * num,
                    attention=[0] * num)
                for num, depth in ((2, 4), (3, 16), (4, 12))
            ],
            head=None)))

FAMILIES = dict(
    resnet50=RESNET50, mobilenetv3=MOBILENETV3, hrnet_w32=HRNET_W32)
