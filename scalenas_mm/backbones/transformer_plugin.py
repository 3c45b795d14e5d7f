"""Lightweight transformers in any backbone (HR-NAS, Table 8)."""
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from scalenas_mm.ops import LightweightTransformer
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.settings import whole
from .module_names import find_modules

Shapes = Tuple[torch.Size, torch.Size]


@MODELS.register_module()
class TransformerPlugin(BaseModule):
    """A backbone with lightweight transformers beside some of its modules.

    The output of every chosen module is added ``T(x)`` of its input ``x``. A
    chosen module takes one map as its first argument and returns one map; what
    it does inside, such as recomputation of activations, does not matter.

    The backbone keeps the names of its own parameters, its initialisation
    (``init_cfg`` with pretrained weights) and its freezing: stages and norms
    that it freezes do not freeze transformers. Attributes that heads ask for,
    such as ``out_channels``, are those of the backbone.

    Args:
        backbone (dict): Config of the backbone, from any registry scope.
        places (str | Sequence[str]): Dotted names of its modules, or shell
            patterns such as ``layer?.*``; see :func:`find_modules`.
        tokens (int | Sequence[int]): Tokens of each transformer; 0 for none.
        transformer (str | dict | TransformerSettings): ``paper``,
            ``released`` or a dict.
        norm_cfg (dict): Batch norm of the transformers.
        zero_init (bool): Whether transformers begin with output 0, so that a
            pretrained backbone begins unchanged.
        input_shape (Sequence[int]): Channels, height and width of an image
            that runs through the backbone once when it is built, to find out
            the channels at each place.
        init_cfg (dict | list[dict], optional): Initialisation of the
            transformers and what else ``init_weights`` finds.

    Attributes:
        transformers: A module for each place, called as the place with ``-``
            in place of dots.

    Raises:
        SettingError: Unknown places, places that are not from one map to one
            map or that no image reaches, or a wrong setting.
    """

    def __init__(self,
                 backbone: Dict[str, Any],
                 places: Union[str, Sequence[str]],
                 tokens: Union[int, Sequence[int]] = 8,
                 transformer: Any = 'paper',
                 norm_cfg: Dict[str, Any] = dict(type='BN'),
                 zero_init: bool = False,
                 input_shape: Sequence[int] = (3, 128, 128),
                 init_cfg: Optional[Union[dict, list]] = None):
        super().__init__(init_cfg=init_cfg)
        self.backbone = MODELS.build(backbone)
        found = find_modules(self.backbone, places)
        counts = _counts(tokens, len(found))
        shapes = map_shapes(self.backbone, found, input_shape)
        self.transformers = nn.ModuleDict()
        for (name, place), number in zip(found.items(), counts):
            if number:
                before, after = shapes[name]
                part = LightweightTransformer(
                    before[1],
                    number,
                    after[1],
                    settings=transformer,
                    norm_cfg=norm_cfg)
                if zero_init:
                    nn.init.zeros_(part.reverse_norm.weight)
                self.transformers[name.replace('.', '-')] = part
                place.register_forward_hook(_Add(part))

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the backbone puts out."""
        return self.backbone(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            inner = self.__dict__.get('_modules', {}).get('backbone')
            # methods speak of the backbone's own parameter names
            if not hasattr(inner, name) or callable(getattr(inner, name)):
                raise
            return getattr(inner, name)


class _Add:
    """A forward hook; an object, so that copies of a model have their own."""

    def __init__(self, transformer: nn.Module):
        self.transformer = transformer

    def __call__(self, module: nn.Module, args: Tuple[Tensor, ...],
                 out: Tensor) -> Tensor:
        return out + self.transformer(args[0], out.shape[2:])


@torch.no_grad()
def map_shapes(backbone: nn.Module, places: Dict[str, nn.Module],
               input_shape: Sequence[int]) -> Dict[str, Shapes]:
    """Shapes of the maps before and after some modules.

    Args:
        backbone (nn.Module): Runs once, in evaluation mode, on a blank image.
        places (dict): Modules in it, by name.
        input_shape (Sequence[int]): Channels, height and width of the image.

    Raises:
        SettingError: A module is not reached, is not from one map to one map,
            or changes its input in place.
    """
    watches = {name: _Watch(name) for name in places}
    handles = []
    for name, module in places.items():
        handles += [
            module.register_forward_pre_hook(watches[name].before),
            module.register_forward_hook(watches[name].after)
        ]
    modes = {module: module.training for module in backbone.modules()}
    backbone.eval()
    try:
        backbone(torch.zeros(1, *input_shape, device=_device(backbone)))
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes.items():
            module.training = training
    return {name: watch.shapes() for name, watch in watches.items()}


class _Watch:
    """Notes the maps that pass a module."""

    def __init__(self, name: str):
        self.name = name
        self.seen: List[Tuple[Any, Any]] = []
        self.version = 0

    def before(self, module: nn.Module, args: Tuple[Any, ...]) -> None:
        if not args or not _is_map(args[0]):
            raise SettingError(
                'places', 'modules whose first argument is a '
                'map (N, C, H, W)', self.name)
        self.version = args[0]._version

    def after(self, module: nn.Module, args: Tuple[Any, ...],
              out: Any) -> None:
        if not _is_map(out):
            raise SettingError('places',
                               'modules that return a map (N, C, H, W)',
                               self.name)
        if args[0]._version != self.version:
            raise SettingError(
                'places', 'modules that do not change their '
                'input in place', self.name)
        self.seen.append((args[0].shape, out.shape))

    def shapes(self) -> Shapes:
        if not self.seen:
            raise SettingError('places', 'modules that an image passes',
                               self.name)
        if len({(before[1], after[1]) for before, after in self.seen}) > 1:
            raise SettingError(
                'places', 'modules that are always called with '
                'the same number of channels', self.name)
        return self.seen[0]


def _is_map(x: Any) -> bool:
    return isinstance(x, Tensor) and x.ndim == 4


def _device(module: nn.Module) -> Optional[torch.device]:
    return next((p.device for p in module.parameters()), None)


def _counts(tokens: Union[int, Sequence[int]], num: int) -> List[int]:
    """Tokens of each place."""
    if not isinstance(tokens, (list, tuple)):
        return [whole('tokens', tokens)] * num
    if len(tokens) != num:
        raise SettingError('tokens', f'a number for each of {num} places',
                           tokens)
    return [whole(f'tokens[{i}]', n, 0) for i, n in enumerate(tokens)]
