"""The operators of HR-NAS's networks."""
from dataclasses import fields
from math import gcd
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from ..cost import Size, half
from ..operators import (KINDS, Numbers, Operator, Used, added, conv, joined,
                         plain_conv, resizing)
from .cost import se_channels, transformer_costs
from .layout import STEM_LEVEL, BlockPlace
from .transformer import ATTENTION, PAPER, POSITIONS, TransformerSettings

NAMED = dict(positions=POSITIONS, attention=ATTENTION)
SETTINGS = tuple(
    field.name for field in fields(TransformerSettings)
    if field.name != 'dropout')  # which is for training only


# -- kinds ----------------------------------------------------------------
def excitation(channels: Any, hidden: int, size: Size) -> Operator:
    """Squeeze-and-excitation with so many channels inside."""
    return Operator('excitation', (hidden, *size), (channels, ))


def upsampling(channels: int, small: Size, size: Size) -> Operator:
    """Enlarging as the fusions of a backbone do it (its ``upsample``)."""
    return Operator('upsampling', (*small, *size), (channels, ))


def transformer(place: BlockPlace, tokens: Any, settings: TransformerSettings,
                input_size: Size) -> Operator:
    """A lightweight transformer. Its fixed numbers are the channels of input
    and output, :func:`transformer_numbers` and both sizes."""
    before, after = place.sizes(input_size)
    return Operator('transformer',
                    (place.in_channels, place.out_channels,
                     *transformer_numbers(settings), *before, *after),
                    (tokens, ))


def transformer_numbers(settings: TransformerSettings) -> Tuple[int, ...]:
    """Settings of a transformer in evaluation as whole numbers."""
    values = settings.to_dict()
    return tuple(
        NAMED[name].index(values[name]) if name in NAMED else int(values[name])
        for name in SETTINGS)


def transformer_of(fixed: Sequence[int]) -> TransformerSettings:
    """Settings from the fixed numbers of an operator."""
    values: Dict[str, Any] = dict(zip(SETTINGS, fixed[2:-4], strict=True))
    for name, value in values.items():
        if name in NAMED:
            values[name] = NAMED[name][value]
        else:
            values[name] = type(getattr(PAPER, name))(value)
    return TransformerSettings(**values, dropout=0.0)


def _excitation_cost(fixed: Tuple[int, ...], free: Numbers) -> Tuple[Any, Any]:
    channels, hidden = free[0], fixed[0]
    weights = 2 * channels * hidden
    return weights + channels + hidden, weights


def _transformer_cost(fixed: Tuple[int, ...],
                      free: Numbers) -> Tuple[Any, Any]:
    place = BlockPlace('', fixed[0], fixed[1], 1, 0)
    params, layers, products = transformer_costs(place, transformer_of(fixed))
    costs = [
        cost.token * free[0] + cost.pair * free[0]**2 + cost.once
        for cost in (params, layers + products)
    ]
    return costs[0], costs[1]


KINDS.update(
    excitation=_excitation_cost,
    transformer=_transformer_cost,
    upsampling=KINDS['resizing'])


# -- networks -------------------------------------------------------------
def hrnas_operators(space: Any, genes: np.ndarray,
                    input_size: Size) -> List[Used]:
    """Of gene vectors, shape ``(num, genes)``.

    Args:
        space (HRNASSpace): The space.
        genes (np.ndarray): Gene vectors.
        input_size (tuple[int]): Height and width of the image in pixels.
    """
    shape = len(genes), len(space.places), len(space.kernels) + 1
    counts = np.asarray(genes).reshape(shape)
    columns = counts.transpose(1, 2, 0).astype(np.int64)
    used = _stem(space, input_size)
    for place, rows in zip(space.places, columns):
        used += _block(space, place, rows, input_size)
    used += [*_fusions(space, input_size), *_head(space, input_size)]
    return [one for one in used if np.any(one.times)]


def _stem(space: Any, size: Size) -> List[Used]:
    used, width = [], space.in_channels
    for channels in space.stem:
        size = half(size)
        used.append(Used(conv(width, channels, size, 3, 2)))
        width = channels
    return used


def _block(space: Any, place: BlockPlace, rows: np.ndarray,
           input_size: Size) -> List[Used]:
    """A searching block; ``rows`` are channels of each kernel size, then
    tokens."""
    before, after = place.sizes(input_size)
    source, width, tokens = place.in_channels, place.out_channels, rows[-1]
    units, some = rows[:-1].sum(0), 1 * (rows[:-1] > 0)
    mixes, attends = 1 * (units > 0), 1 * (tokens > 0)
    used = []
    if not place.keeps_shape:
        used.append(
            Used(
                plain_conv(source, width, after, place.stride,
                           gcd(source, width), False)))
    used += [
        Used(conv(source, units, before, 1), mixes),
        *(Used(conv(row, row, after, kernel, place.stride, 0), one)
          for row, kernel, one in zip(rows, space.kernels, some)),
        Used(joined(units, after), 1 * (some.sum(0) > 1)),
        Used(conv(units, width, after, 1, act=0), mixes),
        Used(
            transformer(place, tokens, space.transformer, input_size),
            attends),
        Used(added(width, after), mixes + attends)
    ]
    hidden = se_channels(source, space.se_ratio)
    if hidden:
        used.append(Used(excitation(units, hidden, after), mixes))
    return used


def _sizes(space: Any, size: Size) -> List[Size]:
    """Of the maps of all branches."""
    for _ in range(STEM_LEVEL):
        size = half(size)
    sizes = [size]
    for _ in space.widths[-1][1:]:
        sizes.append(half(sizes[-1]))
    return sizes


def _fusions(space: Any, input_size: Size) -> List[Used]:
    """What stands between the blocks of fusion modules."""
    used, sizes = [], _sizes(space, input_size)
    widths: Sequence[int] = space.stem[-1:]
    for targets in space.widths:
        for i, width in enumerate(targets[:len(widths)]):
            near = widths[max(i - 1, 0):i + 2]
            terms = sum(map(bool, near)) if width else 0
            if width and any(widths[i + 1:i + 2]):
                used.append(Used(upsampling(width, sizes[i + 1], sizes[i])))
            used.append(Used(added(width, sizes[i], True), max(0, terms - 1)))
        widths = targets
    return used


def _head(space: Any, input_size: Size) -> List[Used]:
    sizes, widths = _sizes(space, input_size), space.widths[-1]
    if space.head == 'dense':
        there = [(w, size) for w, size in zip(widths, sizes) if w]
        target = there[0][1]
        used = [
            Used(resizing(w, size, target)) for w, size in there
            if size != target
        ]
        return [*used, Used(joined(sum(widths), target), len(there) > 1)]
    if space.head == 'classification':
        *channels, out = space.head_channels
        return [
            *(Used(added(width, size))
              for width, size in zip(channels[1:], sizes[1:])),
            Used(conv(channels[-1], out, sizes[-1], 1))
        ]
    return []
