"""Which entries of the tensors of HR-NAS belong to which unit and token."""
from typing import Dict, List, Sequence, Tuple

import torch
from torch import Tensor

from scalenas_mm.ops import MixConv, SearchingBlock
from .base import Index

Kept = List[int]


def best(scores: Tensor, num: int) -> Kept:
    """Places of the ``num`` highest scores, ascending; of equals the first."""
    order = torch.sort(scores, descending=True, stable=True).indices
    return sorted(order[:num].tolist())


def chosen(scores: Tensor, before: Sequence[int],
           after: Sequence[int]) -> List[Kept]:
    """The units of each kernel that stay.

    Args:
        scores (Tensor): Of all units, kernel by kernel.
        before (Sequence[int]): Units of each kernel now.
        after (Sequence[int]): How many of them stay.
    """
    return [
        best(part, num)
        for part, num in zip(scores.split(list(before)), after)
    ]


def mix_parts(mix: MixConv, kept: Dict[str, Kept]) -> Dict[str, Index]:
    """Where the tensors of a mixed convolution of fewer units lie in it.

    Args:
        mix (MixConv): The larger one.
        kept (dict[str, list[int]]): For each of its kernel sizes, the units
            that stay.
    """
    units: Kept = []
    whole: Dict[str, bool] = {}
    begin = 0
    for kernel, conv in mix.depthwise.items():
        whole[kernel] = len(kept[kernel]) == conv.out_channels
        units += [begin + i for i in kept[kernel]]
        begin += conv.out_channels
    if not units:
        return {}
    out: Dict[str, Index] = {}
    for key, value in mix.state_dict().items():
        part, _, rest = key.partition('.')
        kernel = rest.partition('.')[0]
        if part == 'depthwise':
            if kept[kernel]:
                out[key] = ... if whole[kernel] else (kept[kernel], )
        elif len(units) == begin or not value.ndim:
            out[key] = ...
        elif part in ('expand', 'expand_norm', 'norm') or kernel == 'expand':
            out[key] = (units, )
        elif key in ('project.weight', 'se.reduce.weight'):
            out[key] = (slice(None), units)
        else:
            out[key] = ...
    return out


def block_parts(block: SearchingBlock, units: Dict[str, Kept],
                tokens: Kept) -> Dict[str, Index]:
    """Where the tensors of a smaller block lie in a searching block.

    Args:
        block (SearchingBlock): The larger one.
        units (dict[str, list[int]]): As ``kept`` of :func:`mix_parts`.
        tokens (list[int]): The tokens that stay.
    """
    transformer = block.transformer
    out = dict.fromkeys(block.state_dict(), ...)
    if block.mix is not None:
        _replace(out, 'mix.', mix_parts(block.mix, units))
    if transformer is not None and len(
            tokens) < transformer.input_proj.weight.shape[0]:
        parts = transformer.token_parts(tokens) if tokens else {}
        _replace(out, 'transformer.', parts)
    return out


def _replace(out: Dict[str, Index], prefix: str, new: Dict[str,
                                                           Index]) -> None:
    for key in [key for key in out if key.startswith(prefix)]:
        del out[key]
    out.update({prefix + key: index for key, index in new.items()})


def counts(scores: Tensor, sizes: Sequence[int],
           threshold: float) -> Tuple[int, ...]:
    """How many scores of each part lie above the threshold."""
    return tuple(
        int((part > threshold).sum()) for part in scores.split(list(sizes)))
