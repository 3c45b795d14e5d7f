"""What the released code of HR-NAS counts, and its architecture files."""
from typing import Any, Optional, Sequence

import numpy as np

from ..arch import ArchError, check_int
from ..cost import Complexity, Size, total
from .arch import HRNASArch, Row
from .cost import (OfTokens, area, columns, fixed_cost, se_channels,
                   shortcut_weights, unit_macs)
from .layout import BlockPlace
from .polynomial import Polynomial
from .transformer import TransformerSettings


def released_macs(space: Any,
                  input_size: Size,
                  fused: Optional[bool] = None) -> Polynomial:
    """MACs that the released profiler counts.

    Convolutions, projections and products of the encoder's attention; not the
    decoder's attention, and a linear layer of the feed-forward networks as
    one MAC a token. In the fused block of retraining, neither shortcuts nor
    transformers, but the mean of squeeze-and-excitation.

    Args:
        space (HRNASSpace): The space.
        input_size (tuple[int]): Height and width of the image in pixels.
        fused (bool, optional): Whether it is the block of retraining. By
            default where there is squeeze-and-excitation.
    """
    fused = bool(space.se_ratio) if fused is None else fused
    rows = []
    for place in space.places:
        unit = unit_macs(place, space.kernels, input_size)
        se = se_channels(place.in_channels, space.se_ratio)
        if se:
            unit = unit + 2 * se + area(place.sizes(input_size)[1])
        rows.append(
            [unit, 0, *_transformer_macs(place, space.transformer, fused)])
    fixed = fixed_cost(space, input_size)
    if fused:
        fixed += _shortcuts(space, input_size) * -1
    return columns(fixed.macs, rows)


def _transformer_macs(place: BlockPlace, settings: TransformerSettings,
                      fused: bool) -> OfTokens:
    if fused:
        return OfTokens()
    width = settings.width
    joined = place.in_channels + settings.num_positions + place.out_channels
    linear_layers = 4 if settings.decoder else 2
    return OfTokens(joined * width + 4 * width**2 + linear_layers, 2 * width)


def released_params(space: Any, fused: Optional[bool] = None) -> Polynomial:
    """Parameters that the released profiler counts.

    Weights and biases of convolutions and linear layers; not norms,
    projections of attention, queries and positions. Arguments as
    :func:`released_macs`.
    """
    fused = bool(space.se_ratio) if fused is None else fused
    kernels = np.array(space.kernels, np.int64)
    rows = []
    for place in space.places:
        se = se_channels(place.in_channels, space.se_ratio)
        unit = place.in_channels + place.out_channels + kernels**2
        rows.append([
            unit + (2 * se + 1 if se else 0), se,
            *_transformer_params(place, space.transformer, fused)
        ])
    fixed = fixed_cost(space, (1, 1)) + Complexity(-2 * _norms(space))
    if fused:
        fixed += _shortcuts(space, (1, 1)) * -1
    return columns(fixed.params, rows)


def _transformer_params(place: BlockPlace, settings: TransformerSettings,
                        fused: bool) -> OfTokens:
    if fused:
        return OfTokens()
    joined = place.in_channels + settings.num_positions + place.out_channels
    hidden = settings.ffn_ratio * settings.width
    layer = 2 * settings.width * hidden
    if settings.ffn_bias:
        layer += settings.width + hidden
    return OfTokens(joined, 0, layer * (2 if settings.decoder else 1))


def _norms(space: Any) -> int:
    """Channels of batch norms outside the searching blocks."""
    last = space.head_channels[-1] if space.head == 'classification' else 0
    return sum(space.stem) + last


def _shortcuts(space: Any, input_size: Size) -> Complexity:
    return total([
        Complexity(weights, weights * area(place.sizes(input_size)[1]))
        for place in space.places for weights in [shortcut_weights(place)]
    ])


def released_normaliser(space: Any, arch: HRNASArch,
                        input_size: Size) -> float:
    """Mean cost of a search unit, by which the released code divides.

    All that could be removed from ``arch``, by :func:`released_macs`, over
    the number of its units and tokens (plus 1e-5). The released code takes
    the largest architecture and 224 x 224 pixels, whatever the task.
    """
    table = released_macs(space, input_size)
    units, tokens = np.array(arch.channels), np.array(arch.tokens)
    macs = (table.unit * units).sum() + (table.token * tokens +
                                         table.pair * tokens**2).sum()
    return float(macs / (units.sum() + tokens.sum() + 1e-5))


def arch_from_rows(space: Any,
                   rows: Sequence[Any],
                   tokens: Optional[Sequence[int]] = None) -> HRNASArch:
    """Architecture of a released ``checkpoint.json``.

    Args:
        space (HRNASSpace): The space that it is of.
        rows: For each block in order of construction: output channels, 1,
            stride, kernel sizes, channels of each, whether it expands.
        tokens: Of each block; the files have none. By default 0.

    Raises:
        ArchError: Names the row, what was expected and what came.
    """
    if not isinstance(rows, (list, tuple)) or len(rows) != len(space.places):
        raise ArchError('rows', f'a list of {len(space.places)} rows', rows)
    channels = tuple(
        _channels(f'rows[{i}]', row, place, space.kernels)
        for i, (row, place) in enumerate(zip(rows, space.places)))
    none = [0] * len(channels)
    arch = HRNASArch(channels, tuple(none if tokens is None else tokens))
    space.check(arch)
    return arch


def _channels(field: str, row: Any, place: BlockPlace,
              kernels: Sequence[int]) -> Row:
    expected = [place.out_channels, 1, place.stride]
    try:
        *shape, sizes, channels, _ = row
        found = dict(zip(sizes, channels, strict=True))
    except (TypeError, ValueError):
        raise ArchError(field, f'{expected}, kernel sizes, channels, expand',
                        row) from None
    if list(shape) != expected:
        raise ArchError(field, f'{expected} for {place.name}', shape)
    if not set(found) <= set(kernels):
        raise ArchError(f'{field}[3]', f'kernel sizes of {kernels}', sizes)
    return tuple(
        check_int(f'{field}[4]', found.get(k, 0), 'integers >= 0', 0,
                  float('inf')) for k in kernels)
