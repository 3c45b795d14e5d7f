"""Cut parts out of a network in place.

Knows no network: what is left of every tensor is said by an index map, such
as :meth:`SearchableBackbone.parts` gives. Everything is computed, and may
fail, before anything is touched.
"""
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

import torch
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from scalenas_mm.spaces import SettingError


class Cut(NamedTuple):
    """A parameter or buffer that was cut.

    Attributes:
        name: In the state dict of the module.
        old: What it was; it is left as it was.
        new: What took its place; None if nothing is left.
        index: ``new`` is ``old[index]``; None if nothing is left.
    """
    name: str
    old: Tensor
    new: Optional[Tensor]
    index: Any


def cut_(module: nn.Module, parts: Mapping[str, Any]) -> List[Cut]:
    """Cut every tensor of a module's state dict as ``parts`` says.

    Tensors become new objects, others stay the same ones. Sizes that layers
    know of themselves, such as ``out_channels``, follow. Hooks, device, type,
    memory format, ``requires_grad`` and what is gathered in ``grad`` are
    kept.

    Args:
        module (nn.Module): It is changed.
        parts (Mapping[str, Any]): For each key of the state dict what is left
            of it: ``...`` for all, or a tuple of slices and index lists. Keys
            that are not in it go, and so do sub-modules of which nothing is

    Returns:
        list[Cut]: Tensors that were cut, and those that went.

    Raises:
        SettingError: A key or index does not fit the module, or a layer
            cannot be cut like this. Nothing was changed.
    """
    cuts = planned_cuts(module, parts)
    apply_cuts_(module, cuts)
    return cuts


def planned_cuts(module: nn.Module, parts: Mapping[str, Any]) -> List[Cut]:
    """What :func:`cut_` would cut; changes nothing.

    Raises:
        SettingError: As :func:`cut_`.
    """
    tensors = module.state_dict(keep_vars=True)
    unknown = sorted(parts.keys() - tensors.keys())
    if unknown:
        raise SettingError('parts', 'keys of the state dict', unknown[0])
    indices = _Indices()
    made: Dict[int, Tensor] = {}  # shared ones stay shared
    cuts = []
    for name, old in tensors.items():
        index = parts.get(name)
        if index is ...:
            continue
        if index is None:
            cuts.append(Cut(name, old, None, None))
            continue
        try:
            index = indices(index)
            if id(old) not in made:
                made[id(old)] = _like(old, take(old, index), index)
        except (IndexError, TypeError, ValueError) as error:
            raise SettingError(f'parts.{name}',
                               f'an index of shape {tuple(old.shape)}',
                               f'{index} ({error})') from None
        cuts.append(Cut(name, old, made[id(old)], index))
    _check_layers(module, cuts)
    return cuts


def apply_cuts_(module: nn.Module, cuts: List[Cut]) -> None:
    """Put the tensors of :func:`planned_cuts` into the module."""
    owners = set()
    for cut in cuts:
        owner, name = _owner(module, cut.name)
        if name in owner._parameters:
            owner._parameters[name] = cut.new
        else:
            owner._buffers[name] = cut.new
        owners.add(owner)
    for owner in owners:
        _set_sizes(owner)
    _remove_empty(module, cuts)


def take(tensor: Tensor, index: Any) -> Tensor:
    """``tensor[index]`` as a tensor of its own, its dimensions in the same
    order in memory."""
    order = sorted(
        range(tensor.dim()),
        key=lambda d: (-tensor.stride(d), -tensor.shape[d]))
    back = sorted(range(tensor.dim()), key=order.__getitem__)
    part = tensor.detach()[index]
    if part.dim() != tensor.dim():
        raise IndexError('it drops a dimension')
    copy = torch.empty_like(
        part.permute(order), memory_format=torch.contiguous_format)
    return copy.permute(back).copy_(part)


class _Indices:
    """Index lists as tensors, each list once."""

    def __init__(self) -> None:
        self._seen: Dict[int, Tuple[Any, Tensor]] = {}

    def __call__(self, index: Any) -> Tuple[Any, ...]:
        parts = index if isinstance(index, tuple) else (index, )
        return tuple(
            part if isinstance(part, slice) else self._tensor(part)
            for part in parts)

    def _tensor(self, part: Any) -> Tensor:
        if id(part) not in self._seen:  # kept, so that its id stays its own
            self._seen[id(part)] = part, torch.as_tensor(
                part, dtype=torch.long)
        return self._seen[id(part)][1]


def _like(old: Tensor, value: Tensor, index: Any) -> Tensor:
    """``value`` as a tensor of the kind of ``old``, with its hooks, its part
    of the gradient, and the attributes that others have given it."""
    if not isinstance(old, nn.Parameter):
        return value
    new = nn.Parameter(value, requires_grad=old.requires_grad)
    new.__dict__.update(old.__dict__)
    for hooks in ('_backward_hooks', '_post_accumulate_grad_hooks'):
        if getattr(old, hooks, None):
            setattr(new, hooks, getattr(old, hooks))
    if old.grad is not None:
        new.grad = take(old.grad, index)
    return new


def _owner(module: nn.Module, key: str) -> Tuple[nn.Module, str]:
    """The sub-module that holds a tensor, and the tensor's name in it."""
    path, _, name = key.rpartition('.')
    return module.get_submodule(path), name


def _check_layers(module: nn.Module, cuts: List[Cut]) -> None:
    """Raise :class:`SettingError` for layers that cannot be cut."""
    for cut in cuts:
        owner, name = _owner(module, cut.name)
        if name not in owner._parameters and name not in owner._buffers:
            raise SettingError(f'parts.{cut.name}', 'a parameter or buffer',
                               name)
        if cut.new is None or cut.new.shape == cut.old.shape:
            continue
        grouped = isinstance(owner, _ConvNd) and owner.groups > 1
        if isinstance(owner, _ConvTransposeNd) or (grouped
                                                   and not _depthwise(owner)):
            raise SettingError(
                f'parts.{cut.name}', 'all of it: only plain and depthwise '
                'convolutions can be cut', str(owner))


def _depthwise(conv: nn.Module) -> bool:
    return 1 < conv.groups == conv.in_channels == conv.out_channels


def _set_sizes(layer: nn.Module) -> None:
    """Let what a layer knows of its sizes follow its tensors."""
    weight = getattr(layer, 'weight', None)
    if isinstance(layer, _BatchNorm):
        for tensor in (weight, layer.running_mean):
            if tensor is not None:
                layer.num_features = len(tensor)
    elif weight is None:
        return
    elif isinstance(layer, _ConvNd):
        if _depthwise(layer):
            layer.groups = len(weight)
        layer.out_channels = len(weight)
        layer.in_channels = weight.shape[1] * layer.groups
    elif isinstance(layer, nn.Linear):
        layer.out_features, layer.in_features = weight.shape
    elif isinstance(layer, nn.Embedding):
        layer.num_embeddings, layer.embedding_dim = weight.shape
    elif isinstance(layer, nn.LayerNorm):
        layer.normalized_shape = tuple(weight.shape)


def _remove_empty(module: nn.Module, cuts: List[Cut]) -> None:
    """Take out the sub-modules of which nothing is left."""
    left = {''}
    for key in module.state_dict():
        left.update(_owners(key))
    stay = [
        name for name, child in module.named_modules()
        if getattr(child, 'stays_when_empty', False)
    ]
    left.update(*map(_owners, stay), stay)
    gone = [[path for path in _owners(cut.name) if path not in left]
            for cut in cuts if cut.new is None]
    for path in {paths[0] for paths in gone if paths}:
        parent, name = _owner(module, path)
        if isinstance(parent, nn.ModuleDict):
            del parent[name]
        else:
            setattr(parent, name, None)


def _owners(key: str) -> List[str]:
    """Names of the modules that a tensor is in, the outermost first."""
    steps = key.split('.')
    return ['.'.join(steps[:i]) for i in range(1, len(steps))]
