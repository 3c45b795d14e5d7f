"""Sort the channels of a trained network by importance; ours.

A sub-network has the first channels of every layer. Those of a network that
was trained alone are in no order; sorted by the L1 norm of the weights that
read them, the first ones are what the network needs most. The network itself
computes the same as before.

Channels that a grouped convolution reads or puts out stay together in their
group: groups are ordered as wholes, and channels inside each. What is added by
an identity shortcut has one order.
"""
from math import lcm
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import nn

from scalenas_mm.spaces import SettingError, ViPNASArch
from .channel_sets import (Axis, Channels, columns, importance, norm_axes,
                           ordered, permute, row_axes, starts)


def sort_grouped(before: Optional[nn.Module], norm: Optional[nn.Module],
                 conv: nn.Module, after: nn.Module, others: List[Axis],
                 reader: nn.Module) -> None:
    """Sort the channels on both sides of a grouped convolution.

    Args:
        before (nn.Module, optional): Convolution that produces its input;
            None if that is used elsewhere, too, and keeps its order.
        norm (nn.Module, optional): Norm behind it.
        conv (nn.Module): The grouped convolution.
        after (nn.Module): Norm behind that.
        others (list[Axis]): What else belongs to each channel it puts out.
        reader (nn.Module): Convolution that reads them.
    """
    weight, groups = conv.weight.detach(), conv.groups
    out_rows = importance(columns(reader)).reshape(groups, -1)
    blocks = weight.reshape(groups, -1, *weight.shape[1:])
    in_rows = blocks.abs().flatten(3).sum(3).sum(1)
    first = torch.arange(groups, device=weight.device)
    if before is not None:
        total = out_rows.sum(1) / out_rows.sum() + in_rows.sum(
            1) / in_rows.sum()
        first = torch.argsort(total, descending=True, stable=True)
    outs = ordered(out_rows) + starts(out_rows)
    for axis in (*row_axes(conv), *norm_axes(after), *others, columns(reader)):
        permute(axis, outs[first].flatten())
    if before is None:
        return
    inner = ordered(in_rows)
    ins = inner + starts(in_rows)
    for axis in (*row_axes(before), *norm_axes(norm)):
        permute(axis, ins[first].flatten())
    blocks = weight.reshape(groups, -1, *weight.shape[1:])
    for block, order in zip(blocks, inner[first]):
        block.copy_(block.index_select(1, order))


def sort_squeeze(se: nn.Module) -> None:
    """Sort the channels inside squeeze-and-excitation."""
    inside = Channels()
    inside.writers += row_axes(se.conv1.conv)
    inside.readers.append(columns(se.conv2.conv))
    inside.sort()


def sort_context(attention: nn.Module) -> None:
    """Sort the channels inside a global context block."""
    first, norm, _, last = attention.channel_add_conv
    inside = Channels()
    inside.writers += row_axes(first) + [
        Axis(value.detach(), 0) for value in norm.parameters()
    ]
    inside.readers.append(columns(last))
    inside.sort()


def sort_bottleneck(block: nn.Module) -> None:
    if block.attention is not None:
        sort_context(block.attention)
    sort_grouped(block.conv1, block.bn1, block.conv2, block.bn2, [],
                 block.conv3)


def sort_mobile(block: nn.Module) -> None:
    others: List[Axis] = []
    if block.se is not None:
        others = [columns(block.se.conv1.conv), *row_axes(block.se.conv2.conv)]
        sort_squeeze(block.se)
    expand = block.expand_conv
    sort_grouped(expand and expand.conv, expand and expand.bn,
                 block.depthwise_conv.conv, block.depthwise_conv.bn, others,
                 block.linear_conv.conv)


def stream_of_bottleneck(block: nn.Module, source: Channels,
                         own: Channels) -> None:
    """Note what reads and writes the channels between bottlenecks."""
    source.readers.append(columns(block.conv1))
    own.writers += row_axes(block.conv3) + norm_axes(block.bn3)
    if block.downsample is not None and own is not source:
        conv, norm = block.downsample
        source.readers.append(columns(conv))
        own.writers += row_axes(conv) + norm_axes(norm)
    if block.attention is not None:
        first, _, _, last = block.attention.channel_add_conv
        own.writers += [
            columns(block.attention.conv_mask),
            columns(first), *row_axes(last)
        ]


def stream_of_mobile(block: nn.Module, source: Channels,
                     own: Channels) -> None:
    """Note what reads and writes the channels between mobile blocks."""
    if block.expand_conv is None:  # its groups would have to follow
        source.fixed = True
    else:
        source.readers.append(columns(block.expand_conv.conv))
    conv = block.linear_conv
    own.writers += row_axes(conv.conv) + norm_axes(conv.bn)


KINDS: Dict[str, Any] = dict(
    bottleneck=(sort_bottleneck, stream_of_bottleneck),
    mobile=(sort_mobile, stream_of_mobile))


@torch.no_grad()
def sort_channels(backbone: nn.Module, head: Optional[nn.Module]) -> None:
    """Sort the channels of a supernet at its largest architecture, in place.

    Args:
        backbone (ViPNASBackbone): A ResNet or MobileNet.
        head (nn.Module, optional): What reads its last map: with
            ``deconv_layers``, or a convolution ``final_layer``.

    Raises:
        SettingError: The backbone is an HRNet, puts out several maps, what
            reads its map is not known or does not run whole behind the
            largest architecture. Nothing was changed.
    """
    if backbone.space.block not in KINDS or len(
            backbone.space.out_indices) > 1:
        raise SettingError(
            'sort_channels', 'a ViPNASResNet or '
            'ViPNASMobileNetV3 with one output',
            type(backbone).__name__)
    inside, stream = KINDS[backbone.space.block]
    arch = backbone.space.max_arch()
    readers = _readers(head, arch)
    conv, norm = backbone.stem_layers()
    source = Channels()
    source.writers += row_axes(conv) + norm_axes(norm)
    sets, width = [source], arch.stem
    for i, stage in enumerate(arch.stages, 1):
        now = stage.branches[0].width
        stride = backbone.space.stages[i - 1].stride
        own = source if stride == 1 and now == width else Channels()
        for block in getattr(backbone, f'layer{i}'):
            inside(block)
            stream(block, source, own)
            source = own
        sets.append(own)
        width = now
    sets += _sets_of_head(source, *readers)
    for channels in {id(c): c for c in sets}.values():
        channels.sort()


def _readers(head: Optional[nn.Module], arch: ViPNASArch) -> Tuple:
    """Transposed convolutions of a head, norms behind them and, if it is all
    that reads them, the last convolution."""
    layers, final = (
        getattr(head, name, None) for name in ('deconv_layers', 'final_layer'))
    between = getattr(head, 'conv_layers', None)
    plain = isinstance(final, nn.Conv2d) and final.groups == 1 and isinstance(
        between, (nn.Identity, type(None)))
    deconvs = list(layers) if isinstance(layers, nn.Sequential) else []
    if not deconvs and not plain:
        raise SettingError(
            'sort_channels', 'a head with deconv_layers or '
            'final_layer behind the backbone',
            type(head).__name__)
    convs, norms = deconvs[::3], deconvs[1::3]
    if convs and hasattr(head, 'parts') and arch.head is not None:
        width, _, groups = arch.head
        expected = [(width, group) for group in groups]
        found = [(conv.out_channels, conv.groups) for conv in convs]
        if found != expected:
            raise SettingError(
                'sort_channels', 'a head with the widths and groups of the '
                f'largest architecture, {expected}', found)
    return convs, norms, final if plain else None


def _sets_of_head(last: Channels, convs: List[nn.Module],
                  norms: List[nn.Module],
                  final: Optional[nn.Module]) -> List[Channels]:
    """The channels of a head; ``last`` are those that it reads.

    Where all convolutions have as many groups, the groups are sorted here.
    """
    sets = [last]
    for conv, norm in zip(convs, norms):
        weight, own = conv.weight.detach(), Channels()
        sets[-1].readers.append(Axis(weight, 0))
        sets[-1].parts = lcm(sets[-1].parts, conv.groups)
        own.writers += [Axis(weight, 1, conv.groups), *norm_axes(norm)]
        own.parts = conv.groups
        sets.append(own)
    if final is not None:
        sets[-1].readers.append(columns(final))
        if len({conv.groups for conv in convs}) == 1 and not last.fixed:
            rows = [channels.rows() for channels in sets]
            total: Any = sum(row.sum(1) / row.sum() for row in rows)
            first = torch.argsort(total, descending=True, stable=True)
            for channels in sets:
                channels.move(first)
    return sets[1:]
