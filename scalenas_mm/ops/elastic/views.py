"""Parts of shared tensors."""
from typing import Any, Dict, Mapping, Optional, Tuple

from torch import Tensor

# as in backbones.base: ``...``, or a slice for each dimension
Index = Any


def centre(size: int, part: Optional[int]) -> slice:
    """The middle ``part`` of ``size`` places; all of them for None."""
    if part is None:
        return slice(None)
    first = (size - part) // 2
    return slice(first, first + part)


def view(tensor: Tensor, index: Tuple[slice, ...]) -> Tensor:
    """``tensor[index]`` without a copy; the tensor itself if it is all of it.

    Only what is cut becomes an operation: each has a backward pass of its
    own, which fills a tensor of the whole size.
    """
    for dim, part in enumerate(index):
        start, stop, _ = part.indices(tensor.shape[dim])
        if stop - start < tensor.shape[dim]:
            tensor = tensor.narrow(dim, start, stop - start)
    return tensor


def joined(parts: Mapping[str, Mapping[str, Index]]) -> Dict[str, Index]:
    """What ``slices`` of sub-modules say, by the names in their module."""
    return {
        f'{name}.{key}': index
        for name, own in parts.items()
        for key, index in own.items()
    }
