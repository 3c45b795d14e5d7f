"""Sort the channels of a trained network by importance; ours.

A sub-network has the first channels of every layer. Those of a network that
was trained alone are in no order; sorted by the L1 norm of the weights that
read them, the first ones are what the network needs most. The network itself
computes the same as before.

Channels that a grouped convolution reads or puts out stay together in their
group: groups are ordered as wholes, and channels inside each. What is added by
an identity shortcut has one order.
"""
from typing import Any, Dict, List, NamedTuple, Optional

import torch
from torch import Tensor, nn

from scalenas_mm.spaces import SettingError


class Axis(NamedTuple):
    """A dimension of a tensor whose entries are the channels of a set."""
    tensor: Tensor
    dim: int


class Channels:
    """Channels that have one order.

    Attributes:
        writers: What produces them or belongs to each of them.
        readers: Weights that read them.
        parts: In so many equal parts channels keep their part.
    """

    def __init__(self) -> None:
        self.writers: List[Axis] = []
        self.readers: List[Axis] = []
        self.parts = 1
        self.fixed = False

    def sort(self) -> None:
        """Put the most important ones first, inside each part."""
        if self.fixed or not self.readers:
            return
        rows = sum(importance(axis) for axis in self.readers)
        order = ordered(rows.reshape(self.parts, -1))
        step = len(rows) // self.parts
        start = torch.arange(self.parts, device=order.device)[:, None] * step
        for axis in (*self.writers, *self.readers):
            permute(axis, (order + start).flatten())


def importance(axis: Axis) -> Tensor:
    """L1 norm of the weights that read each channel."""
    return axis.tensor.abs().transpose(0, axis.dim).flatten(1).sum(1)


def ordered(rows: Tensor) -> Tensor:
    """Places of the values of each row, the largest first; stable."""
    return torch.argsort(rows, dim=1, descending=True, stable=True)


def permute(axis: Axis, order: Tensor) -> None:
    axis.tensor.copy_(axis.tensor.index_select(axis.dim, order))


def norm_axes(norm: nn.Module) -> List[Axis]:
    """What a batch norm knows of each channel."""
    tensors = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    return [Axis(t.detach(), 0) for t in tensors if t is not None]


def row_axes(conv: nn.Module) -> List[Axis]:
    """What a convolution has for each channel that it puts out."""
    tensors = (conv.weight, conv.bias)
    return [Axis(t.detach(), 0) for t in tensors if t is not None]


def columns(conv: nn.Module) -> Axis:
    """What reads each channel that comes into a convolution."""
    return Axis(conv.weight.detach(), 1)


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
    outs = ordered(out_rows) + torch.arange(
        groups, device=weight.device)[:, None] * out_rows.shape[1]
    for axis in (*row_axes(conv), *norm_axes(after), *others, columns(reader)):
        permute(axis, outs[first].flatten())
    if before is None:
        return
    inner = ordered(in_rows)
    ins = inner + torch.arange(
        groups, device=weight.device)[:, None] * in_rows.shape[1]
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


def sort_bottleneck(block: nn.Module) -> None:
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
            ``deconv_layers``, or a convolution ``final_layer``. Channels of
            the head itself keep their order.

    Raises:
        SettingError: The backbone is an HRNet, puts out several maps, or what
            reads its map is not known.
    """
    if backbone.space.block not in KINDS or len(
            backbone.space.out_indices) > 1:
        raise SettingError(
            'sort_channels', 'a ViPNASResNet or '
            'ViPNASMobileNetV3 with one output',
            type(backbone).__name__)
    inside, stream = KINDS[backbone.space.block]
    arch = backbone.space.max_arch()
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
    _read_by_head(source, head)
    for channels in {id(c): c for c in sets}.values():
        channels.sort()


def _read_by_head(last: Channels, head: Optional[nn.Module]) -> None:
    layers = getattr(head, 'deconv_layers', None)
    reader = layers[0] if isinstance(layers, nn.Sequential) else getattr(
        head, 'final_layer', None)
    if not isinstance(reader, (nn.ConvTranspose2d, nn.Conv2d)):
        raise SettingError(
            'sort_channels', 'a head with deconv_layers or '
            'final_layer behind the backbone',
            type(head).__name__)
    transposed = isinstance(reader, nn.ConvTranspose2d)
    last.parts = reader.groups
    last.readers.append(Axis(reader.weight.detach(), 0 if transposed else 1))
