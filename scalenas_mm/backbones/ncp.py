"""The networks of NCP and of its benchmark NAS-Bench-MR."""
from itertools import chain
from typing import Any, Iterable, List, Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleList, Sequential
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import Tensor, nn

from scalenas_mm.ops import BasicBlock, conv_norm, total
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import NCPSpace, SettingError
from .base import FIXED, SearchableBackbone


def _layer(in_channels: int, out_channels: int, kernel: int, stride: int,
           norm_cfg: dict) -> Sequential:
    """Convolution, norm and ReLU."""
    return Sequential(
        *conv_norm(in_channels, out_channels, kernel, stride, norm_cfg),
        nn.ReLU(inplace=True))


class NCPBlock(BaseModule):
    """A fusion module, then residual units on every branch.

    A fusion adds up the neighbouring maps: a strided 3x3 convolution of the
    one above, a 3x3 of the own one, an enlarged 1x1 of the one below. In the
    first block of a stage the new branch is made from the result above it.

    Args:
        sources (Sequence[int]): Channels of the maps that come in.
        channels (Sequence[int]): Channels of the maps that go out, as many
            or one more.
        units (Sequence[int]): Residual units of each branch.
        norm_cfg (dict): Config of the norm layers.
        upsample (str): ``nearest`` or ``bilinear``.
        with_cp (bool): Recompute activations of units to save memory.
    """

    def __init__(self, sources: Sequence[int], channels: Sequence[int],
                 units: Sequence[int], norm_cfg: dict, upsample: str,
                 with_cp: bool):
        super().__init__()
        self.upsample = dict(mode=upsample)
        if upsample == 'bilinear':
            self.upsample['align_corners'] = False
        self.fusions = nn.ModuleDict()
        for j, width in enumerate(channels):
            if j == len(sources):
                self.fusions[f'{j}_{j - 1}'] = _layer(channels[j - 1], width,
                                                      3, 2, norm_cfg)
                continue
            for k in self._neighbours(j, len(sources)):
                self.fusions[f'{j}_{k}'] = _layer(sources[k], width,
                                                  3 if k <= j else 1,
                                                  2 if k < j else 1, norm_cfg)
        self.branches = ModuleList([
            Sequential(*(BasicBlock(width, norm_cfg, with_cp)
                         for _ in range(num)))
            for width, num in zip(channels, units)
        ])

    @staticmethod
    def _neighbours(target: int, num: int) -> range:
        return range(max(target - 1, 0), min(target + 2, num))

    def forward(self, maps: List[Tensor]) -> List[Tensor]:
        """``maps`` holds ``(N, C_b, H_b, W_b)`` per branch."""
        fused = [self._fuse(maps, j) for j in range(len(maps))]
        for j in range(len(maps), len(self.branches)):
            fused.append(self.fusions[f'{j}_{j - 1}'](fused[-1]))
        return [branch(x) for branch, x in zip(self.branches, fused)]

    def _fuse(self, maps: List[Tensor], target: int) -> Tensor:
        terms = []
        for k in self._neighbours(target, len(maps)):
            term = self.fusions[f'{target}_{k}'](maps[k])
            if k > target:
                term = F.interpolate(term, maps[target].shape[2:],
                                     **self.upsample)
            terms.append(term)
        return total(terms)


@MODELS.register_module()
class NCPNet(SearchableBackbone):
    """A network of four branches whose depths and widths are all free.

    `NCP <https://arxiv.org/abs/2103.13253>`_, Sec. 3.1. Two strided 3x3
    convolutions, four stages of blocks, all branches resized to one
    resolution, concatenated and projected. Networks of different codes share
    no weights, so that the architecture never changes.

    Args:
        arch (NCPArch | dict | str | list): A value, its dict, 27 integers,
            the text of a code, a JSON file, or ``initial``, ``max``, ``min``.
        output_stride (int): Resolution of the output: 4 for dense tasks, 32
            for classification, or between.
        in_channels (int): Channels of the input image.
        blocks (Iterable[int]): Possible numbers of blocks of a stage.
        units (Iterable[int]): Possible numbers of residual units.
        channels (Iterable[int]): Possible numbers of channels.
        upsample (str): How fusions enlarge maps, ``nearest`` (the released
            code; the paper does not say) or ``bilinear``.
        norm_cfg (dict): Config of the norm layers.
        norm_eval (bool): Keep the running statistics of batch norm fixed.
        with_cp (bool): Recompute activations of units to save memory.
        init_cfg (dict | list[dict], optional): Initialisation.

    Raises:
        SettingError: An argument is not valid.
        ArchError: The architecture is not.
    """
    largest = FIXED

    def __init__(self,
                 arch: Any = 'initial',
                 output_stride: int = 4,
                 in_channels: int = 3,
                 blocks: Iterable[int] = (1, 2, 3, 4),
                 units: Iterable[int] = (1, 2, 3, 4),
                 channels: Iterable[int] = range(8, 129, 8),
                 upsample: str = 'nearest',
                 norm_cfg: dict = dict(type='BN', requires_grad=True),
                 norm_eval: bool = False,
                 with_cp: bool = False,
                 init_cfg: Optional[Union[dict, list]] = None):
        space = NCPSpace(blocks, units, channels, output_stride, in_channels)
        if upsample not in ('bilinear', 'nearest'):
            raise SettingError('upsample', 'bilinear or nearest', upsample)
        if init_cfg is None:
            init_cfg = [
                dict(type='Kaiming', layer='Conv2d'),
                dict(
                    type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm'])
            ]
        super().__init__(space, arch, init_cfg)
        self.space: NCPSpace
        self.norm_eval = norm_eval
        self._build(norm_cfg, upsample, with_cp)

    def _build(self, norm_cfg: dict, upsample: str, with_cp: bool) -> None:
        arch = self._built
        first, second = arch.inputs
        self.stem = Sequential(
            _layer(self.space.in_channels, first, 3, 2, norm_cfg),
            _layer(first, second, 3, 2, norm_cfg))
        sources: Sequence[int] = (second, )
        self.stages = ModuleList()
        for stage in arch.stages:
            modules = ModuleList()
            for _ in range(stage.blocks):
                modules.append(
                    NCPBlock(sources, stage.channels, stage.units, norm_cfg,
                             upsample, with_cp))
                sources = stage.channels
            self.stages.append(modules)
        self.project = _layer(sum(sources), arch.output, 1, 1, norm_cfg)

    def forward(self, x: Tensor) -> Tuple[Tensor]:
        """Map ``(N, 3, H, W)`` to one map ``(N, out, H / s, W / s)``.

        ``s`` is the output stride; odd sides are rounded up.
        """
        maps = [self.stem(x)]
        for block in chain.from_iterable(self.stages):
            maps = block(maps)
        target = maps[self.space.output_stride.bit_length() - 3].shape[2:]
        maps = [
            x if x.shape[2:] == target else F.interpolate(
                x, target, mode='bilinear', align_corners=False) for x in maps
        ]
        return (self.project(torch.cat(maps, 1)), )

    def train(self, mode: bool = True) -> 'NCPNet':
        """Train, but keep norms in evaluation mode if told so."""
        super().train(mode)
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self
