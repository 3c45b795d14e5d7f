"""Closed-form cost of NCP's networks."""
from typing import Any, List, NamedTuple, Sequence, Tuple

import numpy as np

from ..cost import Size, half
from .arch import NUM_STAGES, split_stages

CHUNK = 4096  # keeps all intermediate columns in cache


class LayerSums(NamedTuple):
    """What the layers at one resolution add up to.

    Entries belong to strides 2, 4, 8, 16 and 32; they are integers, or
    arrays for many codes at once.

    Attributes:
        weights: Weights of the convolutions, whose product with the number
            of positions is the number of MACs.
        channels: Output channels, each of which has a batch norm.
    """
    weights: List[Any]
    channels: List[Any]


def layer_sums(code: Sequence[Any], in_channels: int,
               output_stride: int) -> LayerSums:
    """Sums over all layers of the network of a code.

    Args:
        code: 27 integers, or 27 arrays of integers for many codes.
        in_channels: Channels of the image.
        output_stride: Stride of the output, 4 to 32.
    """
    zeros = [0] * NUM_STAGES
    sums = LayerSums([9 * in_channels * code[0], *zeros], [code[0], *zeros])
    _add(sums, 1, 9 * code[0] * code[1], code[1], 1)
    previous: Sequence[Any] = code[1:2]
    for blocks, units, channels in split_stages(code):
        _add_fusion(sums, previous, channels, 1)
        _add_fusion(sums, channels, channels, blocks - 1)
        for j, (n, c) in enumerate(zip(units, channels), 1):
            _add(sums, j, 9 * c * c, c, 2 * blocks * n)
        previous = channels
    _add(sums,
         output_stride.bit_length() - 2,
         sum(previous) * code[-1], code[-1], 1)
    return sums


def _add(sums: LayerSums, level: int, weights: Any, channels: Any,
         times: Any) -> None:
    sums.weights[level] = sums.weights[level] + times * weights
    sums.channels[level] = sums.channels[level] + times * channels


def _add_fusion(sums: LayerSums, sources: Sequence[Any],
                targets: Sequence[Any], times: Any) -> None:
    """A fusion module; a new last branch comes from the target above it."""
    for j, channels in enumerate(targets):
        if j == len(sources):
            near = [targets[j - 1]]
        else:
            near = list(sources[max(j - 1, 0):j + 1])
        _add(sums, j + 1, 9 * channels * sum(near),
             len(near) * channels, times)
        if j + 1 < len(sources):  # 1x1 at the source's resolution
            _add(sums, j + 2, channels * sources[j + 1], channels, times)


def positions(input_size: Size) -> List[int]:
    """Pixels of the maps at strides 2, 4, 8, 16 and 32."""
    out = []
    for _ in range(NUM_STAGES + 1):
        input_size = half(input_size)
        out.append(input_size[0] * input_size[1])
    return out


def costs(sums: LayerSums, input_size: Size) -> Tuple[Any, Any, Any]:
    """Parameters, MACs and elements that batch norms put out."""
    pixels = positions(input_size)
    params = sum(sums.weights) + 2 * sum(sums.channels)
    return (params, sum(w * p for w, p in zip(sums.weights, pixels)),
            sum(c * p for c, p in zip(sums.channels, pixels)))


def batch_costs(genes: np.ndarray, input_size: Size, in_channels: int,
                output_stride: int) -> np.ndarray:
    """:func:`costs` of many codes ``(num, 27)``: an array ``(3, num)``."""
    genes = np.asarray(genes)
    out = np.empty((3, len(genes)), np.int64)
    for start in range(0, len(genes), CHUNK):
        columns = genes[start:start + CHUNK].T.astype(np.int64, order='C')
        sums = layer_sums(list(columns), in_channels, output_stride)
        out[:, start:start + CHUNK] = costs(sums, input_size)
    return out


def released_flops(genes: np.ndarray,
                   num_classes: int = 50,
                   input_size: Size = (128, 128)) -> np.ndarray:
    """What NAS-Bench-MR's column ``flops`` counts, in G (1e9).

    MACs of the convolutions and of the classifier, its bias, and two for
    every element a batch norm puts out; classification, output stride 32.

    Args:
        genes: Codes, shape ``(num, 27)``.
        num_classes: Outputs of the classifier.
        input_size: Height and width of the image in pixels.
    """
    genes = np.asarray(genes)
    _, macs, elements = batch_costs(genes, input_size, 3, 32)
    classifier = genes[:, -1].astype(np.int64) * num_classes + num_classes
    return (macs + 2 * elements + classifier) / 1e9
