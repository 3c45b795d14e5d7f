"""The module of parallel branches that a ScaleNet is made of."""
from typing import Iterator, List, Optional, Sequence, Tuple

from mmcv.cnn import is_norm
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

from scalenas_mm.ops import BasicBlock, build_fusion, rectified_total
from scalenas_mm.spaces import ScaleNetModule, SettingError


class StartingModule(BaseModule):
    """Branches and fusions, some of which may begin without effect.

    Sub-classes have ``branches`` and ``fusions`` and call :meth:`_begin_as`.

    Raises:
        SettingError: A norm layer cannot begin without effect.
    """
    start: Optional[ScaleNetModule]

    def _begin_as(self, start: Optional[ScaleNetModule]) -> None:
        """Begin as ``start`` alone, if there is one."""
        self.start = start
        self._silence()

    def init_weights(self) -> None:
        """Of a model that loads weights, before they are loaded."""
        super().init_weights()
        self._silence()

    def _silence(self) -> None:
        """Set the last norm of every layer that ``start`` lacks to 0."""
        for layer in self._added():
            norms = [m for m in layer.modules() if is_norm(m)]
            if not norms or norms[-1].weight is None:
                raise SettingError('norm_cfg',
                                   'a norm with a scale (init sets it to 0)',
                                   str(layer))
            nn.init.zeros_(norms[-1].weight)
            nn.init.zeros_(norms[-1].bias)

    def _added(self) -> Iterator[nn.Module]:
        """Blocks and fusions that ``start`` does not have."""
        if self.start is None:
            return
        for branch, depth in zip(self.branches, self.start.depth):
            yield from branch[depth:]
        for name, fusion in self.fusions.items():
            level, target, source = map(int, name.split('_'))
            rows = self.start.fusion[target]
            if level >= len(rows) or not rows[level][source]:
                yield fusion


class MultiScaleModule(StartingModule):
    """Parallel branches that may exchange maps after every block.

    Args:
        arch (ScaleNetModule): Which blocks and fusions to build.
        widths (Sequence[int]): Channels of each branch.
        norm_cfg (dict): Config of the norm layers.
        upsample (str): ``bilinear`` or ``nearest``.
        start (ScaleNetModule, optional): Blocks and fusions that it does not
            have begin without effect: blocks as identities, fusions as zeros.
            The module then begins as ``start`` alone.
        block_cfg (dict): Further arguments of the blocks.

    Raises:
        SettingError: A norm layer cannot begin without effect.
    """

    def __init__(self,
                 arch: ScaleNetModule,
                 widths: Sequence[int],
                 norm_cfg: dict,
                 upsample: str,
                 start: Optional[ScaleNetModule] = None,
                 **block_cfg):
        super().__init__()
        self.branches = ModuleList([
            Sequential(*(BasicBlock(width, norm_cfg, **block_cfg)
                         for _ in range(depth)))
            for width, depth in zip(widths, arch.depth)
        ])
        self.fusions = nn.ModuleDict({
            f'{level}_{j}_{k}':
            build_fusion(k, j, widths, norm_cfg, upsample)
            for j, rows in enumerate(arch.fusion)
            for level, row in enumerate(rows)
            for k, bit in enumerate(row) if bit
        })
        self._begin_as(start)

    def forward(self, maps: List[Tensor],
                arch: ScaleNetModule) -> List[Tensor]:
        """Run ``arch``; ``maps`` holds ``(N, C_b, H_b, W_b)`` per branch."""
        for level in range(max(arch.depth)):
            maps = [
                branch[level](x) if level < depth else x
                for branch, depth, x in zip(self.branches, arch.depth, maps)
            ]
            maps = [
                self._fuse(maps, j, level, arch.fusion[j][level])
                if level < depth else maps[j]
                for j, depth in enumerate(arch.depth)
            ]
        return maps

    def _fuse(self, maps: List[Tensor], target: int, level: int,
              row: Tuple[int, ...]) -> Tensor:
        """Add the chosen sources to the target, in order of branches."""
        if not any(row):
            return maps[target]  # a block's output, already rectified
        own = maps[target]
        return rectified_total([
            own if source == target else
            self.fusions[f'{level}_{target}_{source}'](x, own.shape[2:])
            for source, x in enumerate(maps) if source == target or row[source]
        ])
