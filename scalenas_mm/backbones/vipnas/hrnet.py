"""The HRNet of ViPNAS (table A3)."""
from typing import Any, Dict, List, Sequence, Tuple

import torch.nn.functional as F
from torch import Tensor, nn

from scalenas_mm.ops import (ElasticBasicBlock, ElasticBottleneck,
                             ElasticConv2d, ElasticConvSequence,
                             ElasticDownsample, elastic_fusion, elastic_norm,
                             joined, rectified_total)
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import (SettingError, ViPNASArch, ViPNASBranch,
                                ViPNASStage)
from scalenas_mm.spaces.vipnas.settings import MODULE_BLOCKS
from ..base import SHARED, Index
from .base import Between, ViPNASBackbone

EXPANSION = 4  # of the bottlenecks of stage 1


def _part(branch: ViPNASBranch) -> Tuple[int, ...]:
    """Arguments of a block."""
    return branch.width, branch.kernel, branch.groups, branch.attention


class _Module(nn.Module):
    """Parallel branches of four blocks, then a fusion.

    Args:
        stage (ViPNASStage): What to build.
        targets (int): How many branches are put out.
        attention (str): Kind of attention.
        upsample (str): ``nearest`` or ``bilinear``.
        norm_cfg (dict): Config of the norm layers.
        with_cp (bool): Recompute activations of blocks.
    """

    def __init__(self, stage: ViPNASStage, targets: int, attention: str,
                 upsample: str, norm_cfg: dict, with_cp: bool):
        super().__init__()
        widths = [branch.width for branch in stage.branches]
        self.branches = nn.ModuleList([
            nn.ModuleList([
                ElasticBasicBlock(
                    branch.width,
                    branch.width,
                    branch.kernel,
                    branch.groups,
                    attention=attention if branch.attention else None,
                    norm_cfg=norm_cfg,
                    with_cp=with_cp) for _ in range(MODULE_BLOCKS)
            ]) for branch in stage.branches
        ])
        self.fuse_layers = nn.ModuleDict({
            str(j):
            nn.ModuleDict({
                str(k):
                elastic_fusion(k, j, widths, norm_cfg, upsample)
                for k in range(len(widths)) if k != j
            })
            for j in range(targets)
        })

    def forward(self, maps: List[Tensor], stage: ViPNASStage,
                targets: int) -> List[Tensor]:
        """Run with the choices of a stage; put out so many branches."""
        out = []
        for x, blocks, branch in zip(maps, self.branches, stage.branches):
            for block in blocks:
                x = block(x, *_part(branch))
            out.append(x)
        return [self._fuse(out, j) for j in range(targets)]

    def _fuse(self, maps: Sequence[Tensor], target: int) -> Tensor:
        own = maps[target]
        terms = [
            own if k == target else self.fuse_layers[str(target)][str(k)](
                x, own.shape[2:], own.shape[1]) for k, x in enumerate(maps)
        ]
        return rectified_total(terms)

    def slices(self, stage: ViPNASStage, targets: int) -> Dict[str, Index]:
        """Where the weights of a part lie in those of this module."""
        parts = {
            f'branches.{b}.{d}': block.slices(branch.width, *_part(branch))
            for b, (blocks,
                    branch) in enumerate(zip(self.branches, stage.branches))
            for d, block in enumerate(blocks)
        }
        widths = [branch.width for branch in stage.branches]
        for j in range(targets):
            for k, layer in self.fuse_layers[str(j)].items():
                parts[f'fuse_layers.{j}.{k}'] = layer.slices(
                    widths[int(k)], widths[j])
        return joined(parts)


@MODELS.register_module()
class ViPNASHRNet(ViPNASBackbone):
    """An HRNet whose branches are elastic, with squeeze-and-excitation before
    the addition.

    `ViPNAS <https://arxiv.org/abs/2105.10154>`_. HRNet is a point of the
    space, ``arch='hrnet'``; weights of mmpose's load. Where the width of a
    branch changes between stages there is a 3x3 convolution, as in HRNet.

    Args:
        upsample (str): How fusions enlarge maps: ``nearest`` (mmpose's HRNet)
            or ``bilinear``.
        *args, **kwargs: As for :class:`ViPNASBackbone`.
    """
    family = 'hrnet_w32'

    def __init__(self, *args: Any, upsample: str = 'nearest', **kwargs: Any):
        if upsample not in ('bilinear', 'nearest'):
            raise SettingError('upsample', 'bilinear or nearest', upsample)
        self.upsample = upsample
        super().__init__(*args, **kwargs)

    def _build(self, arch: ViPNASArch) -> None:
        stem, cfg = arch.stem, self.norm_cfg
        self.conv1 = ElasticConv2d(self.space.in_channels, stem, 3, 2)
        self.bn1 = elastic_norm(cfg, stem)
        self.conv2 = ElasticConv2d(stem, stem, 3, 2)
        self.bn2 = elastic_norm(cfg, stem)
        self._build_layer1(arch)
        before = [EXPANSION * arch.stages[0].branches[0].width]
        for i, stage in enumerate(arch.stages[1:], 2):
            self._build_transition(i, before, stage)
            before = [branch.width for branch in stage.branches]
            modules = nn.ModuleList()
            for _ in range(stage.depth // MODULE_BLOCKS):
                targets = self._targets(arch, i, len(modules))
                modules.append(
                    _Module(stage, targets, self.space.attention,
                            self.upsample, cfg, self.with_cp))
            self.add_module(f'stage{i}', modules)

    def _build_layer1(self, arch: ViPNASArch) -> None:
        depth, (branch, ) = arch.stages[0]
        widths = self.space.stages[0].branches[0].width
        wide = [EXPANSION * width for width in widths]
        self.layer1 = nn.ModuleList([
            ElasticBottleneck(
                EXPANSION * branch.width if d else arch.stem,
                branch.width,
                branch.kernel,
                branch.groups,
                expansion=EXPANSION,
                attention=self._attention(branch),
                projection=None if d else self._projection(
                    self.space.stem, wide),
                norm_cfg=self.norm_cfg,
                with_cp=self.with_cp) for d in range(depth)
        ])

    def _build_transition(self, i: int, before: Sequence[int],
                          stage: ViPNASStage) -> None:
        """``transition1`` leads to stage 2."""
        layers = nn.ModuleDict()
        choices = self.space.stages[i - 1].branches
        for j, branch in enumerate(stage.branches):
            if j == len(before):
                layers[str(j)] = ElasticDownsample(before[-1], branch.width, 1,
                                                   self.norm_cfg)
            elif (i == 2 or before[j] != branch.width
                  or self.kind == SHARED and len(choices[j].width) > 1):
                layers[str(j)] = ElasticConvSequence(before[j], branch.width,
                                                     3, 1, self.norm_cfg)
        self.add_module(f'transition{i - 1}', layers)

    def _targets(self, arch: ViPNASArch, i: int, module: int) -> int:
        """Branches that a module of stage ``i`` puts out: only the first one,
        if nothing reads the others."""
        num = len(arch.stages[i - 1].branches)
        last = (
            i == len(arch.stages)
            and module == arch.stages[-1].depth // MODULE_BLOCKS - 1)
        return 1 if last and len(self.space.out_indices) == 1 else num

    def run(self, x: Tensor, arch: ViPNASArch,
            between: Between) -> List[Tensor]:
        x = F.relu(self.bn1(self.conv1(x, arch.stem)), inplace=True)
        x = F.relu(self.bn2(self.conv2(x, arch.stem)), inplace=True)
        depth, (branch, ) = arch.stages[0]
        for block in self.layer1[:depth]:
            x = block(x, *_part(branch))
        maps = [between(1, x)]
        for i, stage in enumerate(arch.stages[1:], 2):
            maps = self._change(maps, i, stage)
            modules = getattr(self, f'stage{i}')
            for m in range(stage.depth // MODULE_BLOCKS):
                maps = modules[m](maps, stage, self._targets(arch, i, m))
            maps[0] = between(i, maps[0])
        return maps

    @staticmethod
    def _changes(i: int, before: int, width: int) -> bool:
        """Whether a branch passes a convolution on its way to stage ``i``."""
        return i == 2 or before != width

    def _change(self, maps: Sequence[Tensor], i: int,
                stage: ViPNASStage) -> List[Tensor]:
        layers = getattr(self, f'transition{i - 1}')
        out = []
        for j, branch in enumerate(stage.branches):
            if j == len(maps):
                x = layers[str(j)](maps[-1], (), branch.width)
            elif self._changes(i, maps[j].shape[1], branch.width):
                x = layers[str(j)](maps[j], branch.width)
            else:
                out.append(maps[j])
                continue
            out.append(F.relu(x, inplace=True))
        return out

    def _slices(self, arch: ViPNASArch) -> Dict[str, Index]:
        stem, (depth, (branch, )) = arch.stem, arch.stages[0]
        wide = EXPANSION * branch.width
        parts = {
            'conv1': self.conv1.slices(self.space.in_channels, stem),
            'bn1': self.bn1.slices(stem),
            'conv2': self.conv2.slices(stem, stem),
            'bn2': self.bn2.slices(stem)
        }
        for d, block in enumerate(self.layer1[:depth]):
            parts[f'layer1.{d}'] = block.slices(wide if d else stem,
                                                *_part(branch))
        before = [wide]
        for i, stage in enumerate(arch.stages[1:], 2):
            parts.update(self._slices_of_transition(i, before, stage))
            before = [branch.width for branch in stage.branches]
            modules = getattr(self, f'stage{i}')
            for m in range(stage.depth // MODULE_BLOCKS):
                targets = self._targets(arch, i, m)
                parts[f'stage{i}.{m}'] = modules[m].slices(stage, targets)
        return joined(parts)

    def _slices_of_transition(self, i: int, before: Sequence[int],
                              stage: ViPNASStage) -> Dict[str, Any]:
        layers = getattr(self, f'transition{i - 1}')
        parts = {}
        for j, branch in enumerate(stage.branches):
            source = before[min(j, len(before) - 1)]
            if j == len(before) or self._changes(i, source, branch.width):
                parts[f'transition{i - 1}.{j}'] = layers[str(j)].slices(
                    source, branch.width)
        return parts

    def _stage_modules(self, stage: int) -> List[nn.Module]:
        if not stage:
            return [self.conv1, self.bn1, self.conv2, self.bn2]
        names = ['layer1' if stage == 1 else f'stage{stage}']
        names.append(f'transition{stage}')
        return [getattr(self, name) for name in names if hasattr(self, name)]
