"""The operators of NCP's networks."""
from typing import Any, List, Sequence

from ..cost import Size, half
from ..operators import Used, basic_block, conv, downward, resizing, upward
from .arch import NUM_STAGES, split_stages


def ncp_operators(code: Sequence[Any], input_size: Size, in_channels: int,
                  output_stride: int) -> List[Used]:
    """Of codes; arguments as of :func:`~.cost.layer_sums`."""
    sizes = [half(input_size)]  # at strides 2, 4, 8, 16, 32
    for _ in range(NUM_STAGES):
        sizes.append(half(sizes[-1]))
    used = [
        Used(conv(in_channels, code[0], sizes[0], stride=2)),
        Used(conv(code[0], code[1], sizes[1], stride=2))
    ]
    previous: Sequence[Any] = code[1:2]
    for blocks, units, channels in split_stages(code):
        used += _fusions(previous, channels, sizes[1:], 1)
        used += _fusions(channels, channels, sizes[1:], blocks - 1)
        used += [
            Used(basic_block(c, size), blocks * n)
            for n, c, size in zip(units, channels, sizes[1:])
        ]
        previous = channels
    target = sizes[output_stride.bit_length() - 2]
    used += [
        Used(resizing(c, size, target))
        for c, size in zip(previous, sizes[1:]) if size != target
    ]
    return [*used, Used(conv(sum(previous), code[-1], target, 1))]


def _fusions(sources: Sequence[Any], targets: Sequence[Any],
             sizes: Sequence[Size], times: Any) -> List[Used]:
    """Of neighbouring branches; a new last branch comes from the target
    above it."""
    used = []
    for j, (width, size) in enumerate(zip(targets, sizes)):
        if j == len(sources):
            used.append(downward(targets[j - 1], width, (sizes[j - 1], size)))
            continue
        used.append(conv(sources[j], width, size, act=False))
        if j:
            used.append(downward(sources[j - 1], width, (sizes[j - 1], size)))
        if j + 1 < len(sources):
            used.append(upward(sources[j + 1], width, sizes[j + 1], size))
    return [Used(operator, times) for operator in used]
