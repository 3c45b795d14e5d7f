"""The parts of a ScaleNet with elastic widths."""
from itertools import repeat
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from mmengine.model import ModuleList
from torch import Tensor, nn

from scalenas_mm.ops import (ElasticBasicBlock, ElasticConvSequence,
                             ElasticDownsample, elastic_fusion, joined,
                             rectified_total)
from scalenas_mm.spaces import ScaleNetModule
from .base import SHARED, Index
from .multi_scale import StartingModule

Widths = Sequence[int]


def first_widths(before: Widths, widths: Widths) -> List[int]:
    """Channels that reach a module: those of the module before, and of new
    branches what their transition puts out."""
    return [*before, *widths[len(before):]]


class WideMultiScaleModule(StartingModule):
    """As :class:`MultiScaleModule`, with elastic widths.

    The first block of a branch has a projection where the width changes.

    Args:
        arch (ScaleNetModule): Which blocks and fusions to build.
        widths (Sequence[int]): Channels of each branch.
        sources (Sequence[int]): Channels that come in.
        projections (Sequence[bool]): Which branches hold a projection, whether
            or not these widths need it.
        norm_cfg (dict): Config of the norm layers.
        upsample (str): ``bilinear`` or ``nearest``.
        start (ScaleNetModule, optional): As for :class:`MultiScaleModule`.
        block_cfg (dict): Further arguments of the blocks.
    """

    def __init__(self, arch: ScaleNetModule, widths: Widths, sources: Widths,
                 projections: Sequence[bool], norm_cfg: dict, upsample: str,
                 start: Optional[ScaleNetModule], **block_cfg: Any):
        super().__init__()
        self.branches = ModuleList([
            ModuleList([
                ElasticBasicBlock(
                    width if level else source,
                    width,
                    projection=None if level else (holds or None),
                    norm_cfg=norm_cfg,
                    **block_cfg) for level in range(depth)
            ]) for width, source, depth, holds in zip(widths, sources,
                                                      arch.depth, projections)
        ])
        self.fusions = nn.ModuleDict({
            f'{level}_{j}_{k}':
            elastic_fusion(k, j, widths, norm_cfg, upsample)
            for j, rows in enumerate(arch.fusion)
            for level, row in enumerate(rows)
            for k, bit in enumerate(row) if bit
        })
        # what is added stands behind HRNet's blocks: it has no projection,
        # whose norm would be the last
        self._begin_as(start)

    def forward(self, maps: List[Tensor], arch: ScaleNetModule,
                widths: Widths) -> List[Tensor]:
        """Run ``arch`` at these widths."""
        for level in range(max(arch.depth)):
            maps = [
                branch[level](x, width) if level < depth else x for branch,
                depth, width, x in zip(self.branches, arch.depth, widths, maps)
            ]
            maps = [
                self._fuse(maps, j, level, arch.fusion[j][level])
                if level < depth else maps[j]
                for j, depth in enumerate(arch.depth)
            ]
        return maps

    def _fuse(self, maps: List[Tensor], target: int, level: int,
              row: Sequence[int]) -> Tensor:
        """Add the chosen sources to the target, in order of branches."""
        if not any(row):
            return maps[target]
        own = maps[target]
        terms = [
            own if k == target else self.fusions[f'{level}_{target}_{k}'](
                x, own.shape[2:], own.shape[1]) for k, x in enumerate(maps)
            if k == target or row[k]
        ]
        return rectified_total(terms)

    def slices(self, arch: ScaleNetModule, widths: Widths,
               sources: Widths) -> Dict[str, Index]:
        """Where the weights of a part lie in those of this module."""
        parts = {
            f'branches.{j}.{level}':
            branch[level].slices(width if level else source, width)
            for j, (branch, depth, width, source) in enumerate(
                zip(self.branches, arch.depth, widths, sources))
            for level in range(depth)
        }
        for j, rows in enumerate(arch.fusion):
            for level, row in enumerate(rows):
                for k, bit in enumerate(row):
                    if bit:
                        name = f'{level}_{j}_{k}'
                        parts[f'fusions.{name}'] = self.fusions[name].slices(
                            widths[k], widths[j])
        return joined(parts)


def _transition_rows(num_modules: Sequence[int],
                     widths: Sequence[Widths]) -> List[Widths]:
    """For each transition the channels: two that come out of the first, then
    one that goes in and one that comes out."""
    rows, place = [tuple(widths[0][:2])], num_modules[0]
    for num in num_modules[1:]:
        rows.append((widths[place - 1][-1], widths[place][-1]))
        place += num
    return rows


def _rows(net: Any, arch: Any) -> Tuple[List[Widths], Iterator[Any]]:
    """Channels of transitions; then module, widths and what comes in of each
    module in order."""
    rows = _transition_rows(net.space.num_modules, arch.widths)
    before = [(), *arch.widths[:-1]]
    sources = [first_widths(a, b) for a, b in zip(before, arch.widths)]
    return rows, iter(zip(arch.modules, arch.widths, sources))


def build_wide(net: Any, norm_cfg: dict, upsample: str,
               **block_cfg: Any) -> None:
    """Add transitions and stages to a ScaleNet with elastic widths."""
    arch, wide = net._runs(net._built), 4 * net.space.stem_width
    rows, modules = _rows(net, arch)
    first, second = rows[0]
    net.transition1 = nn.ModuleList([
        ElasticConvSequence(wide, first, 3, 1, norm_cfg),
        ElasticDownsample(wide, second, 1, norm_cfg)
    ])
    for j, (source, width) in enumerate(rows[1:], 2):
        new = ElasticDownsample(source, width, 1, norm_cfg)
        net.add_module(f'transition{j}', nn.ModuleDict({str(j): new}))
    shared = net.kind == SHARED
    starts = iter(net._start.modules if net._start else repeat(None))
    held = [shared and len(row) > 1 for row in net.space.widths]
    for stage, num in enumerate(net.space.num_modules, 2):
        net.add_module(
            f'stage{stage}',
            ModuleList([
                WideMultiScaleModule(*next(modules), held[:stage], norm_cfg,
                                     upsample, next(starts), **block_cfg)
                for _ in range(num)
            ]))


def wide_runs(net: Any, arch: Any) -> Iterator[Tuple[Widths, Tuple]]:
    """For each module what the transition before its stage comes from and
    puts out, and what the module takes."""
    rows, modules = _rows(net, arch)
    for (stage, _), (module, widths, _) in zip(net._places(), modules):
        yield rows[stage - 2], (module, widths)


def wide_parts(net: Any, arch: Any) -> Dict[str, Index]:
    """Where the weights of a sub-network lie in those of a ScaleNet."""
    out = {
        key: ...
        for key in net.state_dict()
        if not key.startswith(('stage', 'transition'))
    }
    rows, modules = _rows(net, arch)
    wide = 4 * net.space.stem_width
    parts = {
        f'transition1.{i}': net.transition1[i].slices(wide, width)
        for i, width in enumerate(rows[0])
    }
    for j, (source, width) in enumerate(rows[1:], 2):
        layer = getattr(net, f'transition{j}')[str(j)]
        parts[f'transition{j}.{j}'] = layer.slices(source, width)
    for stage in range(2, net.num_stages + 1):
        for m, module in enumerate(getattr(net, f'stage{stage}')):
            parts[f'stage{stage}.{m}'] = module.slices(*next(modules))
    return {**out, **joined(parts)}
