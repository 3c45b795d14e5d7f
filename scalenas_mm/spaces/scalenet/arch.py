"""The architecture of a ScaleNet (ScaleNAS, Sec. 3.2)."""
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Mapping, Sequence, Tuple

from ..arch import Arch, ArchError, check_int, check_keys, check_list

Row = Tuple[int, ...]

MAX_DEPTH = 64
DEPTH = f'an integer from 1 to {MAX_DEPTH}'


@dataclass(frozen=True)
class ScaleNetModule:
    """One multi-branch module.

    Attributes:
        depth: Number of blocks of each branch.
        fusion: ``fusion[target][level][source]`` is 1 if the map of branch
            ``source`` is added to branch ``target`` after its block
            ``level``. ``fusion[target]`` has ``depth[target]`` levels. A
            branch always keeps its own map, which is not a fusion: that bit
            is 0.
    """
    depth: Row
    fusion: Tuple[Tuple[Row, ...], ...]

    @property
    def num_fusions(self) -> int:
        return sum(sum(row) for rows in self.fusion for row in rows)


@dataclass(frozen=True)
class ScaleNetArch(Arch):
    """Depths and cross-scale fusions of every module of a ScaleNet."""
    modules: Tuple[ScaleNetModule, ...]

    @property
    def num_blocks(self) -> int:
        """Number of searchable blocks (stage 1 has none)."""
        return sum(sum(module.depth) for module in self.modules)

    @property
    def num_fusions(self) -> int:
        """Number of connections between different branches."""
        return sum(module.num_fusions for module in self.modules)

    def to_dict(self) -> Dict[str, Any]:
        return {
            'modules': [{
                'depth':
                list(module.depth),
                'fusion': [[list(row) for row in rows]
                           for rows in module.fusion]
            } for module in self.modules]
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'ScaleNetArch':
        check_keys('arch', data, ('modules', ))
        modules = data['modules']
        if not isinstance(modules, (list, tuple)) or not modules:
            raise ArchError('arch.modules', 'a list of modules', modules)
        return cls(
            tuple(
                _module(f'arch.modules[{i}]', module)
                for i, module in enumerate(modules)))

    @classmethod
    def from_released(cls, modules: Iterable[Mapping[str,
                                                     Any]]) -> 'ScaleNetArch':
        """From the masks of the released code.

        There each row also sets the target's own bit, and levels a branch
        does not reach are filled with zeros.

        Args:
            modules: One mapping per module with ``depth`` and
                ``fusion[target][level][source]``.

        Raises:
            ArchError: Names the field, what was expected and what came.
        """
        return cls.from_dict({
            'modules': [
                _unpad(f'arch.modules[{i}]', module)
                for i, module in enumerate(modules)
            ]
        })

    def __str__(self) -> str:
        lines = [
            f'{type(self).__name__} {self.digest}: {self.num_blocks} blocks, '
            f'{self.num_fusions} fusions'
        ]
        lines += [
            f'  {len(module.depth)} branches  depth '
            f'{"-".join(map(str, module.depth)):<8} fusion '
            f'{_fusion_text(module)}' for module in self.modules
        ]
        return '\n'.join(lines)


def _fusion_text(module: ScaleNetModule) -> str:
    """Per target, one group a level; each digit is a source that is added."""

    def digits(row: Row) -> str:
        return ''.join(str(k) for k, bit in enumerate(row) if bit) or '.'

    return '  '.join(f'{j}<-' + ','.join(map(digits, rows))
                     for j, rows in enumerate(module.fusion))


def _module(field: str, data: Any) -> ScaleNetModule:
    check_keys(field, data, ('depth', 'fusion'))
    depth = data['depth']
    if not isinstance(depth, (list, tuple)) or not depth:
        raise ArchError(f'{field}.depth', 'a list of depths', depth)
    depth = tuple(
        check_int(f'{field}.depth[{j}]', value, DEPTH, 1, MAX_DEPTH)
        for j, value in enumerate(depth))
    check_list(f'{field}.fusion', data['fusion'], len(depth), 'branches')
    return ScaleNetModule(
        depth,
        tuple(
            _target(f'{field}.fusion[{j}]', rows, j, depth)
            for j, rows in enumerate(data['fusion'])))


def _target(field: str, rows: Any, target: int, depth: Row) -> Tuple[Row, ...]:
    check_list(field, rows, depth[target], 'levels (the depth of the branch)')
    return tuple(
        _row(f'{field}[{level}]', row, target, len(depth))
        for level, row in enumerate(rows))


def _row(field: str, row: Any, target: int, branches: int) -> Row:
    check_list(field, row, branches, 'bits')
    bits = tuple(
        check_int(f'{field}[{k}]', bit, '0 or 1', 0, 1)
        for k, bit in enumerate(row))
    if bits[target]:
        raise ArchError(f'{field}[{target}]',
                        '0 (a branch always keeps its own map)', 1)
    return bits


def _unpad(field: str, module: Any) -> Dict[str, Any]:
    """Drop the padding and the own bits of one released module."""
    if not isinstance(module, Mapping):
        raise ArchError(field, 'an object with depth and fusion', module)
    check_keys(field, module, ('depth', 'fusion'))
    depth, fusion = module['depth'], module['fusion']
    check_list(f'{field}.fusion', fusion, len(depth), 'branches')
    out = []
    for j, (count, rows) in enumerate(zip(depth, fusion)):
        name = f'{field}.fusion[{j}]'
        count = check_int(f'{field}.depth[{j}]', count, DEPTH, 1, MAX_DEPTH)
        if not isinstance(rows, (list, tuple)) or len(rows) < count:
            raise ArchError(name, f'at least {count} levels', rows)
        if any(any(row) for row in rows[count:]):
            raise ArchError(name, f'no fusion beyond level {count}', rows)
        out.append([_clear(name, row, j) for row in rows[:count]])
    return {'depth': list(depth), 'fusion': out}


def _clear(field: str, row: Any, target: int) -> Sequence[Any]:
    if not isinstance(row, (list, tuple)) or len(row) <= target:
        raise ArchError(field, 'lists of bits', row)
    return [0 if k == target else bit for k, bit in enumerate(row)]
