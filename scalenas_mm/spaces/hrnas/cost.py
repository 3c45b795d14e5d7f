"""Closed-form costs of HR-NAS's networks, as they run and as in the paper."""
from math import gcd
from typing import Any, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np

from ..cost import Complexity, Size, conv_bn, half, total
from .layout import BlockPlace
from .polynomial import Polynomial
from .transformer import TransformerSettings


class Costs(NamedTuple):
    """Costs of the networks of a space.

    Attributes:
        params: All parameters: weights, biases, batch and layer norms,
            queries, learned positions.
        layers: Multiply-accumulates of convolutions and linear layers,
            projections of attention included.
        attention: Of the two matrix products of each attention.
    """
    params: Polynomial
    layers: Polynomial
    attention: Polynomial


class OfTokens(NamedTuple):
    """A cost of a transformer: times the tokens, their square, and once."""
    token: int = 0
    pair: int = 0
    once: int = 0

    def __add__(self, other: Any) -> 'OfTokens':
        return OfTokens(*(a + b for a, b in zip(self, other)))

    def __mul__(self, times: Any) -> 'OfTokens':
        return OfTokens(*(a * times for a in self))


def area(size: Size) -> int:
    """Pixels of a map."""
    return size[0] * size[1]


def se_channels(in_channels: int, se_ratio: float) -> int:
    """Width inside squeeze-and-excitation of a block with this input."""
    return max(1, round(in_channels * se_ratio)) if se_ratio else 0


def shortcut_weights(place: BlockPlace) -> int:
    """Weights of a block's shortcut: none if it is the identity, else a 1x1
    convolution; its groups are the greatest common divisor of the widths."""
    if place.keeps_shape:
        return 0
    groups = gcd(place.in_channels, place.out_channels)
    return place.in_channels * place.out_channels // groups


def unit_macs(place: BlockPlace, kernels: Sequence[int],
              input_size: Size) -> np.ndarray:
    """Of a channel of each kernel: its expansion, depthwise, projection."""
    before, after = map(area, place.sizes(input_size))
    return place.in_channels * before + after * (
        np.array(kernels, np.int64)**2 + place.out_channels)


def fixed_cost(space: Any, input_size: Size) -> Complexity:
    """The network without units and tokens: stem, shortcuts, and the last
    convolution of a classification head."""
    parts = []
    size, width = input_size, space.in_channels
    for channels in space.stem:
        size = half(size)
        parts.append(conv_bn(width, channels, 3, size))
        width = channels
    for place in space.places:
        weights = shortcut_weights(place)
        after = area(place.sizes(input_size)[1])
        parts.append(Complexity(weights, weights * after))
    if space.head == 'classification':
        for _ in space.widths[-1][1:]:
            size = half(size)
        width, channels = space.head_channels[-2:]
        parts.append(conv_bn(width, channels, 1, size))
    return total(parts)


def costs(space: Any, input_size: Size) -> Costs:
    """Costs of a space's networks for one image, in evaluation mode.

    Args:
        space (HRNASSpace): The space.
        input_size (tuple[int]): Height and width of the image in pixels.
    """
    fixed = fixed_cost(space, input_size)
    kernels = np.array(space.kernels, np.int64)
    params, layers, attention = [], [], []
    for place in space.places:
        se = se_channels(place.in_channels, space.se_ratio)
        unit = place.in_channels + place.out_channels + kernels**2 + 4
        by_tokens = transformer_costs(place, space.transformer)
        params.append([
            unit + (2 * se + 1 if se else 0), 2 * place.out_channels + se,
            *by_tokens[0]
        ])
        unit = unit_macs(place, space.kernels, input_size) + 2 * se
        layers.append([unit, 0, *by_tokens[1]])
        attention.append([0 * kernels, 0, *by_tokens[2]])
    return Costs(
        columns(fixed.params, params), columns(fixed.macs, layers),
        columns(0, attention))


def columns(fixed: int, rows: Iterable[List[Any]]) -> Polynomial:
    """From the coefficients of each block, in their order there."""
    unit, *others = zip(*rows)
    return Polynomial(fixed,
                      np.stack(unit).astype(np.int64),
                      *(np.array(values, np.int64) for values in others))


def transformer_costs(
        place: BlockPlace,
        settings: TransformerSettings) -> Tuple[OfTokens, OfTokens, OfTokens]:
    """Parameters, MACs of layers and of products of attention.

    In evaluation mode the map is resized before it is projected, in both
    variants, so that nothing depends on the size of the image.
    """
    pixels, num = settings.width, settings.num_positions
    joined = place.in_channels + num + place.out_channels
    params, layers, products = (
        cost * (2 if settings.decoder else 1) for cost in _layer(settings))
    params += OfTokens(joined + 2, 0, 2 * place.out_channels)
    layers += OfTokens(joined * pixels)
    if settings.decoder:
        params += OfTokens(pixels)  # queries
    if settings.decoder_positions:
        params += OfTokens(num)
        layers += OfTokens(num * pixels)
    if settings.positions == 'learned':
        params += OfTokens(0, 0, num * settings.size)
    return params, layers, products


def _layer(settings: TransformerSettings) -> List[OfTokens]:
    """The same of an attention and the feed-forward network after it, of
    width ``size**2``, or of as many as there are tokens."""
    pixels, ratio = settings.width, settings.ffn_ratio
    weights = 4 + 2 * ratio
    vectors = 4 + (ratio + 1 if settings.ffn_bias else 0)  # norms, biases
    if settings.attention == 'spatial':
        return [
            OfTokens(vectors, weights),
            OfTokens(0, weights * pixels),
            OfTokens(2 * pixels**2)
        ]
    return [
        OfTokens(0, 0, weights * pixels**2 + vectors * pixels),
        OfTokens(weights * pixels**2),
        OfTokens(0, 2 * pixels)
    ]


def paper_costs(space: Any, input_size: Size) -> Polynomial:
    """Costs of search units as Eq. 6 has them, for the penalty only.

    A channel of a depthwise convolution costs k * k * h * w at its output
    map, without the convolutions before and after it. A transformer costs
    O(n) = 4 n d s^2 + 2 n^2 d + 8 n s^4 (Sec. 3.1), which is one attention
    and one feed-forward network. Encoder and decoder have one of each, so O
    counts twice where there is a decoder. d is s^2, the width of all heads
    together; 8 is twice ``ffn_ratio``. Projections do not count.
    """
    settings = space.transformer
    _, layers, products = _layer(settings)
    of_tokens = (layers + products) * (2 if settings.decoder else 1)
    kernels = np.array(space.kernels, np.int64)
    return columns(
        0, [[kernels**2 * area(place.sizes(input_size)[1]), 0, *of_tokens]
            for place in space.places])
