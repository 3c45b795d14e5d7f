"""Sums of maps that write no more memory than they have to."""
from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def add_to(out: Tensor, term: Tensor) -> Tensor:
    """``out + term``, in the memory of ``out`` unless that is too narrow a
    type for it (under autocast, norms and resizing differ in type)."""
    if torch.result_type(out, term) == out.dtype:
        return out.add_(term)
    return out + term


def total(terms: Sequence[Tensor]) -> Tensor:
    """The sum of maps ``(N, C, H, W)`` from left to right; none of them is
    changed. A single one is returned as it is."""
    out = terms[0]
    for i, term in enumerate(terms[1:]):
        out = add_to(out, term) if i else out + term
    return out


def rectified_total(terms: Sequence[Tensor]) -> Tensor:
    """ReLU of :func:`total`; none of the maps is changed."""
    return F.relu(total(terms), inplace=len(terms) > 1)
