"""Choices of each part of a network, checked."""
from typing import Any, Dict, Mapping, NamedTuple, Sequence, Tuple

from ..errors import SettingError
from ..settings import whole, whole_set
from .arch import HIGHEST
from .groups import Groups, products

Row = Tuple[int, ...]
ACTIVATIONS = ('ReLU', 'HSwish')
MODULE_BLOCKS = 4  # blocks of a branch in each module of an HRNet


class BranchChoices(NamedTuple):
    """Choices of all blocks of a stage, or of one branch of it.

    Attributes:
        width, expansion, kernel, attention: Allowed values, ascending.
        groups: Rule for the numbers of groups.
    """
    width: Row
    expansion: Row
    kernel: Row
    groups: Groups
    attention: Row

    def combinations(self) -> Tuple[Row, ...]:
        """Widths, expansions and genes of groups that are networks of their
        own: those whose gene is not changed."""
        return tuple((width, expansion, gene) for width in self.width
                     for expansion in self.expansion
                     for gene in self.groups.values if self.groups.gene(
                         self.groups.fitted(gene, width * expansion), width *
                         expansion) == gene)

    def to_dict(self) -> Dict[str, Any]:
        return dict(
            width=list(self.width),
            expansion=list(self.expansion),
            kernel=list(self.kernel),
            attention=list(self.attention),
            **groups_dict(self.groups))


class StageChoices(NamedTuple):
    """Choices of a stage.

    Attributes:
        depth: Allowed numbers of blocks, ascending.
        branches: Choices of each branch.
        stride: Of the first block.
        activation: Of mobile blocks.
    """
    depth: Row
    branches: Tuple[BranchChoices, ...]
    stride: int = 1
    activation: str = 'ReLU'

    def to_dict(self) -> Dict[str, Any]:
        own = dict(
            depth=list(self.depth),
            stride=self.stride,
            activation=self.activation)
        rows = [branch.to_dict() for branch in self.branches]
        return dict(own, **rows[0]) if len(rows) == 1 else dict(
            own, branches=rows)


class HeadChoices(NamedTuple):
    """Choices of the transposed convolutions.

    Attributes:
        width, kernel: Allowed values, ascending.
        groups: Rule for the numbers of groups.
        layers: How many there are.
    """
    width: Row
    kernel: Row
    groups: Groups
    layers: int = 3

    def fitted(self, source: int, width: int, gene: int) -> Row:
        """Groups of each layer behind a map of ``source`` channels."""
        return (self.groups.fitted(gene, source, width),
                *[self.groups.fitted(gene, width)] * (self.layers - 1))

    def to_dict(self) -> Dict[str, Any]:
        return dict(
            width=list(self.width),
            kernel=list(self.kernel),
            layers=self.layers,
            **groups_dict(self.groups))


def groups_dict(groups: Groups) -> Dict[str, Any]:
    """The setting of a rule."""
    name = 'group_width' if groups.of_channels else 'groups'
    return {name: list(groups.values)}


def _only(field: str, data: Any, *known: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise SettingError(field, 'a dict of choices', data)
    for key in data:
        if key not in known:
            raise SettingError(f'{field}.{key}', f'one of {known}',
                               'an unknown key')
    return data


def _groups(field: str, data: Mapping[str, Any]) -> Groups:
    names = [name for name in ('groups', 'group_width') if name in data]
    if len(names) != 1:
        raise SettingError(field, 'either groups or group_width', names)
    name = f'{field}.{names[0]}'
    return Groups(name, whole_set(name, data[names[0]], HIGHEST),
                  names[0] == 'group_width')


def _set(field: str,
         data: Mapping[str, Any],
         name: str,
         default: Any = None,
         most: int = HIGHEST) -> Row:
    if name not in data and default is None:
        raise SettingError(f'{field}.{name}', 'its choices', 'nothing')
    return whole_set(f'{field}.{name}', data.get(name, default), most)


def _attention(field: str, data: Mapping[str, Any]) -> Row:
    values = data.get('attention', (0, 1))
    if not isinstance(values, (list, tuple)) or not values or not all(
            value in (0, 1) for value in values):
        raise SettingError(f'{field}.attention', 'some of 0 and 1', values)
    return tuple(sorted({int(value) for value in values}))


BRANCH = ('width', 'expansion', 'kernel', 'groups', 'group_width', 'attention')


def _branch(field: str, data: Mapping[str, Any]) -> BranchChoices:
    found = BranchChoices(
        _set(field, data, 'width'), _set(field, data, 'expansion', (1, )),
        _set(field, data, 'kernel', (3, )), _groups(field, data),
        _attention(field, data))
    for kernel in found.kernel:
        if kernel % 2 == 0:
            raise SettingError(f'{field}.kernel', 'odd numbers', kernel)
    for channels in products(found.width, found.expansion):
        if channels > HIGHEST:
            raise SettingError(f'{field}.width',
                               f'at most {HIGHEST} channels in the middle',
                               channels)
        for gene in found.groups.values:
            found.groups.fitted(gene, channels)
    return found


def stage_choices(field: str, data: Any) -> StageChoices:
    """Check the choices of a stage.

    Args:
        field (str): For errors.
        data (Mapping): ``depth``, ``width`` and ``groups`` or
            ``group_width`` (channels of a group), each an iterable of whole
            numbers; optional are ``expansion``, ``kernel``, ``attention``,
            ``stride`` and ``activation``. Or ``depth`` and ``branches``, a
            list of such dicts.

    Raises:
        SettingError: Names the field, what was expected and what came.
    """
    own = ('depth', 'stride', 'activation')
    if isinstance(data, Mapping) and 'branches' in data:
        _only(field, data, *own, 'branches')
        rows = data['branches']
        if not isinstance(rows, (list, tuple)) or not rows:
            raise SettingError(f'{field}.branches', 'a list of dicts', rows)
        branches = tuple(
            _branch(f'{field}.branches[{i}]',
                    _only(f'{field}.branches[{i}]', row, *BRANCH))
            for i, row in enumerate(rows))
    else:
        branches = (_branch(field, _only(field, data, *own, *BRANCH)), )
    activation = data.get('activation', 'ReLU')
    if activation not in ACTIVATIONS:
        raise SettingError(f'{field}.activation', f'one of {ACTIVATIONS}',
                           activation)
    return StageChoices(
        _set(field, data, 'depth', most=256), branches,
        whole(f'{field}.stride', data.get('stride', 1), 1, 2), activation)


def head_choices(field: str, data: Any, sources: Sequence[int]) -> HeadChoices:
    """Check the choices of the transposed convolutions.

    Args:
        field (str): For errors.
        data (Mapping): ``width``, and ``groups`` or ``group_width``;
            optional are ``kernel`` (of 2 and 4) and ``layers``.
        sources (Sequence[int]): Channels that may come in.

    Raises:
        SettingError: Names the field, what was expected and what came.
    """
    _only(field, data, 'width', 'kernel', 'groups', 'group_width', 'layers')
    head = HeadChoices(
        _set(field, data, 'width'), _set(field, data, 'kernel', (4, )),
        _groups(field, data),
        whole(f'{field}.layers', data.get('layers', 3), 1, 8))
    if not set(head.kernel) <= {2, 4}:
        raise SettingError(f'{field}.kernel', '2 or 4', head.kernel)
    for source in sources:
        for width in head.width:
            for gene in head.groups.values:
                head.fitted(source, width, gene)
    return head
