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

from scalenas_mm.ops import ElasticDownsample
from scalenas_mm.spaces import SettingError, ViPNASArch
from .channel_sets import Axis, Channels, columns, norm_axes
from .sorting_blocks import (attention_axes, sort_attention, sort_bottleneck,
                             sort_mobile, stream_of_bottleneck,
                             stream_of_mobile, write)

KINDS: Dict[str, Any] = dict(
    bottleneck=(sort_bottleneck, stream_of_bottleneck),
    mobile=(sort_mobile, stream_of_mobile))


@torch.no_grad()
def sort_channels(backbone: nn.Module, head: Optional[nn.Module]) -> None:
    """Sort the channels of a supernet at its largest architecture, in place.

    Args:
        backbone (ViPNASBackbone): A supernet.
        head (nn.Module, optional): What reads its last map: with
            ``deconv_layers``, or a convolution ``final_layer``.

    Raises:
        SettingError: The backbone puts out several maps, what reads its map
            is not known or does not run whole behind the largest
            architecture. Nothing was changed.
    """
    if len(backbone.space.out_indices) > 1:
        raise SettingError('sort_channels', 'a backbone with one output',
                           backbone.space.out_indices)
    arch = backbone.space.max_arch()
    readers = _readers(head, arch)
    hrnet = backbone.space.block == 'hrnet'
    sets, last = (_sets_of_hrnet if hrnet else _sets_of_chain)(backbone, arch)
    sets += _sets_of_head(last, *readers)
    for channels in {id(c): c for c in sets}.values():
        channels.sort()


def _sets_of_chain(backbone: nn.Module,
                   arch: ViPNASArch) -> Tuple[List[Channels], Channels]:
    """The channels between blocks, and those that come out. What is inside
    of blocks is sorted here."""
    inside, stream = KINDS[backbone.space.block]
    source = Channels()
    write(source, *backbone.stem_layers())
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
    return sets, source


def _sets_of_hrnet(backbone: nn.Module,
                   arch: ViPNASArch) -> Tuple[List[Channels], Channels]:
    """As :func:`_sets_of_chain`."""
    stem, source = Channels(), Channels()
    write(stem, backbone.conv1, backbone.bn1)
    stem.readers.append(columns(backbone.conv2))
    write(source, backbone.conv2, backbone.bn2)
    sets = [stem, source]
    wide = 4 * arch.stages[0].branches[0].width
    own = source if wide == arch.stem else Channels()
    for block in backbone.layer1:
        sort_bottleneck(block)
        stream_of_bottleneck(block, source, own)
        source = own
    maps, widths = [own], [wide]
    for i, stage in enumerate(arch.stages[1:], 2):
        sets += maps
        layers = getattr(backbone, f'transition{i - 1}')
        after = [branch.width for branch in stage.branches]
        maps = [
            _changed(layers[str(j)], maps[min(j,
                                              len(maps) - 1)], sets)
            if j == len(maps) or i == 2 or widths[j] != width else maps[j]
            for j, width in enumerate(after)
        ]
        widths = after
        for module in getattr(backbone, f'stage{i}'):
            _note_module(module, maps, sets)
    return sets + maps, maps[0]


def _changed(layers: nn.Module,
             source: Channels,
             sets: List[Channels],
             target: Optional[Channels] = None) -> Channels:
    """Note convolutions with norms, one behind the other; what they put
    out."""
    pairs = list(layers) if isinstance(layers, ElasticDownsample) else [layers]
    for conv, norm in pairs[:-1]:
        source.readers.append(columns(conv))
        source = Channels()
        write(source, conv, norm)
        sets.append(source)
    conv, norm = pairs[-1]
    source.readers.append(columns(conv))
    target = Channels() if target is None else target
    write(target, conv, norm)
    return target


def _note_module(module: nn.Module, maps: List[Channels],
                 sets: List[Channels]) -> None:
    """Note the blocks and fusions of a module of an HRNet."""
    for own, blocks in zip(maps, module.branches):
        for block in blocks:
            sort_attention(block.attention)
            inner = Channels()
            inner.parts = block.conv1.groups
            own.parts = lcm(own.parts, block.conv1.groups)
            own.readers.append(columns(block.conv1))
            write(inner, block.conv1, block.bn1)
            inner.readers.append(columns(block.conv2))
            write(own, block.conv2, block.bn2)
            own.writers += attention_axes(block.attention)
            sets.append(inner)
    for j, layers in module.fuse_layers.items():
        for k, layer in layers.items():
            _changed(layer, maps[int(k)], sets, maps[int(j)])


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
