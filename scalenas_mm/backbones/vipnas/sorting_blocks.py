"""Sort the channels inside blocks; note those between them."""
from typing import List, Optional

import torch
from torch import nn

from scalenas_mm.ops import ElasticGC
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


def sort_attention(attention: Optional[nn.Module]) -> None:
    """Sort the channels inside attention, if there is any."""
    if isinstance(attention, ElasticGC):
        sort_context(attention)
    elif attention is not None:
        sort_squeeze(attention)


def attention_axes(attention: Optional[nn.Module]) -> List[Axis]:
    """What attention has for each channel of the map."""
    if attention is None:
        return []
    if isinstance(attention, ElasticGC):
        first, _, _, last = attention.channel_add_conv
        return [columns(attention.conv_mask), columns(first), *row_axes(last)]
    return [columns(attention.conv1.conv), *row_axes(attention.conv2.conv)]


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
    sort_attention(block.attention)
    sort_grouped(block.conv1, block.bn1, block.conv2, block.bn2, [],
                 block.conv3)


def sort_mobile(block: nn.Module) -> None:
    sort_attention(block.se)
    others = attention_axes(block.se)
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
    own.writers += attention_axes(block.attention)


def stream_of_mobile(block: nn.Module, source: Channels,
                     own: Channels) -> None:
    """Note what reads and writes the channels between mobile blocks."""
    if block.expand_conv is None:  # its groups would have to follow
        source.fixed = True
    else:
        source.readers.append(columns(block.expand_conv.conv))
    conv = block.linear_conv
    own.writers += row_axes(conv.conv) + norm_axes(conv.bn)


def write(own: Channels, conv: nn.Module, norm: nn.Module) -> None:
    """Note a convolution and its norm that put channels out."""
    own.writers += row_axes(conv) + norm_axes(norm)
