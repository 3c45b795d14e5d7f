"""Read architectures of HR-NAS off the weights that its authors released."""
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from torch import Tensor

from scalenas_mm.spaces import HRNASArch, HRNASSpace
from scalenas_mm.spaces.hrnas.space import BLOCKS, WIDTHS
from .released import ReleasedError

Tensors = Dict[str, Tensor]
FUSION = re.compile(r'features\.(\d+)\.fuse_layers\.(\d+)\.(\d+)\.(0\.)?'
                    r'(?=[a-z])')
OTHERS = {
    re.compile(r'features\.(\d+)\.branches\.(\d+)\.(\d+)\.'):
    lambda m, b, k: f'stages.{m // 2}.branches.{b}.{k}',
    re.compile(r'features\.(\d+)\.incre_modules\.(\d+)\.'):
    lambda _, b: f'head.increase.{b}',
    re.compile(r'features\.(\d+)\.downsamp_modules\.(\d+)\.'):
    lambda _, b: f'head.down.{b}',
    re.compile(r'transform\.'): lambda: 'head.project',
}
# where a block tells how many channels it puts out
OUTPUTS = ('pw_bn.weight', 'project_conv.1.weight', 'residual.weight')


class Released(NamedTuple):
    """A released network, taken apart.

    Attributes:
        blocks: Tensors of each searching block, by our name of the block and
            their name inside it.
        rest: All other tensors.
    """
    blocks: Dict[str, Tensors]
    rest: Tensors

    @property
    def fused(self) -> bool:
        """Whether it has the blocks of retraining."""
        return any('expand_conv.0.weight' in block
                   for block in self.blocks.values())


def plain_names(state_dict: Mapping[str, Tensor]) -> Tensors:
    """Without what wrappers put before the names."""
    return {
        re.sub(r'^(module\.|model\.)+', '', key): value
        for key, value in state_dict.items()
    }


def take_apart(state_dict: Mapping[str, Tensor]) -> Released:
    """Sort the tensors of a released network by block.

    Norms that only distillation uses (``bns.*``) are left out.

    Args:
        state_dict (Mapping): Keys may begin with ``module.`` or ``model.``.
    """
    out = Released({}, {})
    for key, value in plain_names(state_dict).items():
        name, rest = _block(key)
        if not name:
            out.rest[key] = value
        elif not rest.startswith('bns.'):
            out.blocks.setdefault(name, {})[rest] = value
    return out


def _block(key: str) -> Tuple[str, str]:
    """Our name of the block of a tensor, and the tensor's name in it."""
    match = FUSION.match(key)
    if match:
        module, i, j = map(int, match.groups()[:3])
        if i != j and not match.group(4):
            j = i - 1  # the only block of a new branch
        return f'stages.{module // 2}.fusion.{i}_{j}', key[match.end():]
    for pattern, name in OTHERS.items():
        match = pattern.match(key)
        if match:
            return name(*map(int, match.groups())), key[match.end():]
    return '', key


def infer_space(released: Released) -> Dict[str, Any]:
    """Arguments of the :class:`HRNASSpace` that a released network is of.

    Blocks of retraining that are empty and keep the shape leave no weights:
    such blocks at the end of a branch are only known where all widths are the
    published ones.

    Raises:
        ReleasedError: Not a released network of HR-NAS.
    """
    stem = [_rows(released.rest, f'downsamples.{i}.0.weight') for i in (0, 1)]
    stages = _stages(released)
    widths, blocks = _widths(released, stem[-1], stages), []
    for s, row in enumerate(widths):
        blocks.append([
            _count(released.blocks, f'stages.{s}.branches.{b}.')
            for b in range(len(row))
        ])
    out = dict(
        stem=stem,
        blocks=_published(widths, blocks),
        widths=widths,
        in_channels=released.rest['downsamples.0.0.weight'].shape[1],
        **_head(released))
    return dict(out, **_inside(released, HRNASSpace(tokens=0, **out)))


def _rows(tensors: Mapping[str, Tensor], key: str) -> int:
    if key not in tensors:
        raise ReleasedError(f'expected a released network of HR-NAS with '
                            f'{key}, got keys such as {sorted(tensors)[:3]}')
    return tensors[key].shape[0]


def _count(names: Any, prefix: str) -> int:
    """One more than the highest number behind ``prefix``."""
    found = [
        int(re.match(r'\d+', name[len(prefix):])[0]) for name in names
        if name.startswith(prefix)
    ]
    return 1 + max(found, default=-1)


def _stages(released: Released) -> List[int]:
    """Branches of each stage."""
    num = _count(released.blocks, 'stages.')
    if not num:
        raise ReleasedError('expected a released network of HR-NAS with '
                            'features.*.fuse_layers.*, there are none')
    return [
        max(1, _count(released.blocks, f'stages.{s}.fusion.'))
        for s in range(num)
    ]


def _widths(released: Released, stem: int,
            stages: List[int]) -> List[List[int]]:
    """Channels of each branch of each stage."""
    out, sources = [], [stem]
    for s, num in enumerate(stages):
        row: List[int] = []
        for i in range(num):
            found = [
                block[key].shape[0] for j in (i - 1, i, i + 1) for block in
                [released.blocks.get(f'stages.{s}.fusion.{i}_{j}')] if block
                for key in OUTPUTS if key in block
            ]
            # no weights: the identity
            row.append(found[0] if found else sources[i])
        out.append(row)
        sources = row
    return out


def _published(widths: List[List[int]],
               found: List[List[int]]) -> List[List[int]]:
    same = [tuple(row) for row in widths] == list(WIDTHS)
    if same and all(a <= b for row, most in zip(found, BLOCKS)
                    for a, b in zip(row, most)):
        return [list(row) for row in BLOCKS]
    return found


def _head(released: Released) -> Dict[str, Any]:
    """Arguments about the head."""
    num = _count(released.blocks, 'head.increase.')
    final = [
        key for key in released.rest if key.endswith('final_layer.0.weight')
    ]
    if num and final:
        channels = [
            _output(released.blocks[f'head.increase.{b}']) for b in range(num)
        ]
        return dict(
            head='classification',
            head_channels=[*channels, released.rest[final[0]].shape[0]])
    block = released.blocks.get('head.project')
    if not block:
        raise ReleasedError('expected the head of segmentation and poses '
                            '(transform.*) or of classification '
                            '(features.*.incre_modules.*), there is none')
    return dict(head='dense', head_channels=[_output(block)])


def _output(block: Tensors) -> int:
    return next(block[key].shape[0] for key in OUTPUTS if key in block)


def depthwise(block: Tensors) -> Dict[int, str]:
    """Names of the parts of a block with a depthwise convolution each, by
    kernel size."""
    pattern = re.compile(r'((?:ops|depth_ops)\.\d+)\.1\.0\.weight$')
    found = [(block[key].shape[-1], match[1]) for key in block
             for match in [pattern.match(key)] if match]
    return dict(sorted(found))


def _tokens(block: Tensors) -> int:
    weight = block.get('transformer.input_proj.weight')
    return 0 if weight is None else weight.shape[0]


def _units(block: Tensors) -> Dict[int, int]:
    return {
        kernel: block[f'{name}.1.0.weight'].shape[0]
        for kernel, name in depthwise(block).items()
    }


def _inside(released: Released, outer: HRNASSpace) -> Dict[str, Any]:
    """Arguments about what is inside the blocks.

    If all blocks have the same numbers, these are the largest ones; otherwise
    those that the released networks begin with.
    """
    blocks = released.blocks
    kernels = {k for block in blocks.values() for k in _units(block)}
    kernels = {3, 5, 7} if kernels <= {3, 5, 7} else kernels
    ratios, sizes = set(), set()
    for place in outer.places:
        units = _units(blocks.get(place.name, {}))
        ratios |= {units.get(k, 0) / place.in_channels for k in kernels}
        if place.keeps_shape:
            sizes.add(_tokens(blocks.get(place.name, {})))
    most = max((_tokens(block) for block in blocks.values()), default=0)
    out = dict(
        kernels=sorted(kernels),
        expansion=_largest(ratios, 4),
        tokens=_largest(sizes | {most}, 64) if most else 0,
        reductions=any(
            _tokens(blocks.get(place.name, {})) for place in outer.places
            if not place.keeps_shape),
        se_ratio=_se_ratio(released, outer))
    return dict(out, transformer=_transformer(blocks)) if most else out


def _largest(found: Any, usual: int) -> int:
    """The one value of all, else one that is at least as large."""
    only = min(found)
    if len(found) == 1 and only == int(only) and only:
        return int(only)
    return max(usual, -int(-max(found) // 1))


def _transformer(blocks: Dict[str, Tensors]) -> Any:
    """Settings of all transformers."""
    width = next(
        block['transformer.encoder.self_attn.out_proj.weight'].shape[0]
        for block in blocks.values() if _tokens(block))
    size = round(width**.5)
    return 'released' if size == 8 else dict(variant='released', size=size)


def _se_ratio(released: Released, outer: HRNASSpace) -> float:
    """Hidden channels of squeeze-and-excitation, as a multiple."""
    ratios = [
        block['se_op.se_reduce.weight'].shape[0] / place.in_channels
        for place in outer.places
        for block in [released.blocks.get(place.name, {})]
        if 'se_op.se_reduce.weight' in block
    ]
    # rounded for each block, so the middle one
    return sorted(ratios)[len(ratios) // 2] if ratios else 0.0


def infer_arch(released: Released, space: HRNASSpace) -> HRNASArch:
    """Architecture of a released network in its space."""
    blocks = [released.blocks.get(place.name, {}) for place in space.places]
    return HRNASArch(
        tuple(
            tuple(_units(block).get(k, 0) for k in space.kernels)
            for block in blocks), tuple(map(_tokens, blocks)))
