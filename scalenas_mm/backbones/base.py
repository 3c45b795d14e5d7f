"""What every searchable backbone offers."""
from contextlib import contextmanager
from typing import (Any, Callable, Dict, Iterator, List, NamedTuple, Optional,
                    Tuple, Union)

from mmengine.model import BaseModule
from torch import nn

from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import Arch, ArchError, SettingError, Space

# Where an entry of a smaller state dict lies in the larger one: ``...`` for
# the whole tensor, or a tuple of slices and index lists.
Index = Any
FIXED, SHARED, SHRINKING = 'fixed', 'shared', 'shrinking'


class Maps(tuple):
    """Outputs of a backbone, and the architecture that gave them.

    What follows a backbone with elastic channels reads from it what to run.
    So it is right whenever that is computed.
    """
    arch: Arch

    @classmethod
    def of(cls, maps: Any, arch: Arch) -> 'Maps':
        """Name the architecture of some maps."""
        out = cls(maps)
        out.arch = arch
        return out


class Step(NamedTuple):
    """A part of the computation of a backbone.

    Attributes:
        key: The choices that it depends on, beside what comes in.
        run: From what came out of the step before, at first the arguments of
            ``forward``, to what goes on. It changes nothing that it is given.
    """
    key: Any
    run: Callable[[Any], Any]


class SearchableBackbone(BaseModule):
    """A backbone whose architecture is one attribute.

    There are three kinds:

    - ``fixed``: it holds the layers of one architecture.
    - ``shared``: the supernet, built from ``space.max_arch()``. It holds the
      weights of all architectures; :attr:`arch` may be set to any of them.
    - ``shrinking``: one network that gets smaller while it trains.

    Parameters have the same names in all of them; :meth:`parts` says where
    those of a smaller network lie in a larger one.

    Args:
        space (Space): The space of architectures.
        arch (Arch | dict | str, optional): Architecture, its dict, a JSON
            file or a name. Defaults to the largest one.
        init_cfg (dict | list[dict], optional): Initialisation.

    Attributes:
        largest: The kind of a backbone that is built from the largest
            architecture. All others are fixed.
    """
    largest = SHARED

    def __init__(self,
                 space: Space,
                 arch: Any = None,
                 init_cfg: Optional[Union[dict, list]] = None):
        super().__init__(init_cfg=init_cfg)
        self.space = space
        self._built = self._arch = space.resolve('max' if arch is
                                                 None else arch)
        whole = self._built == space.max_arch()
        self.kind = self.largest if whole else FIXED

    @property
    def arch(self) -> Arch:
        """The architecture that :meth:`forward` runs."""
        return self._arch

    @arch.setter
    def arch(self, value: Any) -> None:
        arch = self.space.resolve(value)
        if self.kind != SHARED and arch != self._built:
            raise ArchError(
                'arch', f'{self._built.digest}, which this {self.kind} '
                f'{type(self).__name__} was built with', arch.digest)
        self._arch = arch

    @contextmanager
    def active(self, arch: Any) -> Iterator[Arch]:
        """Run ``arch`` inside the ``with`` block."""
        before = self._arch
        self.arch = arch
        try:
            yield self._arch
        finally:
            self._arch = before

    def steps(self, *args: Any) -> List[Step]:
        """What :meth:`forward` does with these arguments, in parts.

        Networks whose first steps have equal keys compute the same in them,
        so that it can be computed for all of them at once.
        """
        forward = type(self).forward
        return [Step(self.arch, lambda state: forward(self, *state))]

    def parts(self, arch: Arch) -> Dict[str, Index]:
        """Where every entry of a sub-network's state dict lies in this one's.

        ``{key: weights[key][index]}`` over the result are the weights of the
        network that is built from ``arch``.

        Args:
            arch (Arch): A member of the space, within what was built.
        """
        if arch != self._built:
            raise ArchError('arch', self._built.digest, arch.digest)
        return {key: ... for key in self.state_dict()}


def model_parts(model: nn.Module, arch: Arch) -> Dict[str, Index]:
    """:meth:`SearchableBackbone.parts` of a whole model.

    Every sub-module that has ``parts``, such as a head behind elastic
    channels, says where its own entries lie; the others are taken whole.
    """
    out: Dict[str, Index] = {key: ... for key in model.state_dict()}
    for name, module in _outermost(model, lambda m: hasattr(m, 'parts')):
        prefix = f'{name}.' if name else ''
        out = {k: v for k, v in out.items() if not k.startswith(prefix)}
        out.update({prefix + k: v for k, v in module.parts(arch).items()})
    return out


def followers(model: nn.Module) -> Tuple[nn.Module, ...]:
    """Modules beside the searchable backbone that follow its architecture.

    They read what to run from the :class:`Maps` of the backbone, and have
    ``parts(arch)`` and ``cost(space)``, their closed-form cost. They, or the
    module that they are in, have ``plain_cfg(cfg, arch)``, the config of an
    ordinary module that takes the weights of ``parts``.
    """
    return tuple(module for _, module in _outermost(
        model, lambda m: hasattr(m, 'parts') and hasattr(m, 'cost')))


def independent(model: nn.Module) -> Tuple[nn.Module, ...]:
    """Networks inside of ``model`` that no architecture of it reaches; it
    lists them under ``independent``, as names of sub-modules."""
    return tuple(
        getattr(module, name) for module in model.modules()
        for name in getattr(module, 'independent', ()))


def _outermost(model: nn.Module,
               wanted: Callable[[nn.Module], bool],
               name: str = '') -> Iterator[Tuple[str, nn.Module]]:
    """Modules of a kind, by name, without those that are inside of another
    such one, or of a network that stands for itself.

    A module lists those under ``independent``, the names of its sub-modules
    that do not follow the architecture of the model.
    """
    if wanted(model):
        yield name, model
        return
    for key, child in model.named_children():
        if key not in getattr(model, 'independent', ()):
            yield from _outermost(child, wanted, f'{name}.{key}'.lstrip('.'))


def find_searchable(model: nn.Module) -> SearchableBackbone:
    """The searchable backbone inside ``model``, wherever it is.

    If there are several, the one that is not fixed.

    Raises:
        SettingError: There is none, or more than one.
    """
    found = [
        m for _, m in _outermost(model,
                                 lambda m: isinstance(m, SearchableBackbone))
    ]
    return _only(found, [m for m in found if m.kind != FIXED],
                 type(model).__name__)


def searchable_path(model_cfg: Dict[str, Any]) -> Tuple[Any, ...]:
    """Keys to the config of the searchable backbone in that of a model.

    The same as :func:`find_searchable` on the built model, without building
    it. Of a supernet, they begin with ``architecture``.

    Raises:
        SettingError: There is none, or more than one.
    """
    start = ('architecture', ) if 'architecture' in model_cfg else ()
    found = _searchable_paths(_at(model_cfg, start), start)
    return _only(found, [
        path
        for path in found if _at(model_cfg, path).get('arch') in (None, 'max')
    ], str(model_cfg.get('type')))


def searchable_cfg(model_cfg: Dict[str, Any]) -> Dict[str, Any]:
    """The config at :func:`searchable_path`; a part of it, not a copy."""
    return _at(model_cfg, searchable_path(model_cfg))


def plain_cfg(model_cfg: Dict[str, Any]) -> Dict[str, Any]:
    """A copy of the config of the network inside a supernet's, or of the
    model itself if it is none. Plain dicts and lists."""
    return _plain(model_cfg.get('architecture', model_cfg))


def with_preprocessor(model_cfg: Dict[str, Any],
                      preprocessor: Any) -> Dict[str, Any]:
    """A config of a model, or of a supernet around one, with the data
    preprocessor that a runner gives it: that of the top level of a config, if
    the network has none of its own. It may be None."""
    out = model_cfg.copy()
    if 'architecture' in out:
        out['architecture'] = with_preprocessor(out['architecture'],
                                                preprocessor)
    elif preprocessor is not None:
        out.setdefault('data_preprocessor', preprocessor)
    return out


def _only(found: List[Any], searched: List[Any], name: str) -> Any:
    chosen = searched or found
    if len(chosen) != 1:
        raise SettingError('model', 'one searchable backbone',
                           f'{len(chosen)} in {name}')
    return chosen[0]


def _at(cfg: Any, path: Tuple[Any, ...]) -> Any:
    for key in path:
        cfg = cfg[key]
    return cfg


def _searchable_paths(cfg: Any, path: Tuple[Any, ...]) -> List[Tuple]:
    items: Any = ()
    if isinstance(cfg, dict):
        kind = _kind(cfg)
        if isinstance(kind, type) and issubclass(kind, SearchableBackbone):
            return [path]
        alone = getattr(kind, 'independent', ())
        items = [(key, item) for key, item in cfg.items() if key not in alone]
    elif isinstance(cfg, (list, tuple)):
        items = enumerate(cfg)
    return [
        found for key, value in items
        for found in _searchable_paths(value, (*path, key))
    ]


def _kind(cfg: Any) -> Any:
    """The class that ``type`` of a config names, or None."""
    kind = cfg.get('type')
    return MODELS.get(kind) if isinstance(kind, str) else kind


def plain_followers(cfg: Any, arch: Arch) -> Any:
    """A config with ordinary modules in place of :func:`followers`."""
    if isinstance(cfg, (list, tuple)):
        return type(cfg)(plain_followers(item, arch) for item in cfg)
    if not isinstance(cfg, dict):
        return cfg
    plain = getattr(_kind(cfg), 'plain_cfg', None)
    if plain is not None:
        return plain(cfg, arch)
    return {key: plain_followers(item, arch) for key, item in cfg.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return value
