"""What stands between the searching blocks of HR-NAS."""
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule, ModuleList, Sequential
from torch import Tensor, nn

from scalenas_mm.ops import SearchingBlock, build_activation, conv_norm, total
from scalenas_mm.ops.resize import resize, upsampled
from scalenas_mm.spaces.hrnas.layout import neighbours

Blocks = Dict[str, SearchingBlock]
Maps = Sequence[Optional[Tensor]]  # None for a branch that has ended
UPSAMPLING = ('nearest', 'bilinear', 'released')


def conv_norm_act(in_channels: int, out_channels: int, kernel: int,
                  stride: int, norm_cfg: dict, act_cfg: dict) -> Sequential:
    """Convolution, norm and activation."""
    return Sequential(
        *conv_norm(in_channels, out_channels, kernel, stride, norm_cfg),
        build_activation(act_cfg))


class HRNASFusion(nn.ModuleDict):
    """Neighbouring maps are brought to one shape, added up and rectified.

    HR-NAS, Sec. 3.2. The map above comes by a block of stride 2, the own one
    and the one below by a block of stride 1, the latter enlarged. A new
    branch is made from the finished map above it and is not rectified. This
    and the order follow the released code; the paper leaves them open.

    Args:
        blocks (dict[str, SearchingBlock]): By target and source, ``1_0``.
        sources (int): Maps that come in.
        targets (int): Maps that go out, as many or one more.
        upsample (str): One of :data:`UPSAMPLING`.
        act_cfg (dict): Config of the activation.
    """

    def __init__(self, blocks: Blocks, sources: int, targets: int,
                 upsample: str, act_cfg: dict):
        super().__init__(blocks)
        self.targets = targets
        self.upsample = upsample
        self.terms = [[
            j for j in neighbours(i, sources) if f'{i}_{j}' in blocks
        ] for i in range(min(sources, targets))]
        # the only term of a sum may be the input itself, which others read
        self.act = build_activation(act_cfg,
                                    all(len(js) != 1 for js in self.terms))

    def forward(self, maps: Maps) -> List[Optional[Tensor]]:
        """``maps`` holds ``(N, C_b, H_b, W_b)`` per branch."""
        fused = [self._fuse(maps, i) for i in range(len(self.terms))]
        for i in range(len(maps), self.targets):
            above = maps[-1] if fused[-1] is None else fused[-1]
            fused.append(self[f'{i}_{i - 1}'](above))
        return fused

    def _fuse(self, maps: Maps, target: int) -> Optional[Tensor]:
        terms: List[Tensor] = []
        for j in self.terms[target]:
            term = self[f'{target}_{j}'](maps[j])
            if j > target:
                term = upsampled(term, terms[0].shape[2:], self.upsample)
            terms.append(term)
        return self.act(total(terms)) if terms else None


class HRNASStage(BaseModule):
    """A fusion module, then a chain of blocks on every branch.

    Args:
        fusion (HRNASFusion): The fusion module.
        branches (Sequence[Sequence[SearchingBlock]]): Blocks of each branch.
    """

    def __init__(self, fusion: HRNASFusion,
                 branches: Sequence[Sequence[SearchingBlock]]):
        super().__init__()
        self.fusion = fusion
        self.branches = ModuleList(Sequential(*row) for row in branches)

    def forward(self, maps: Maps) -> List[Optional[Tensor]]:
        """``maps`` holds ``(N, C_b, H_b, W_b)`` per branch."""
        return [
            None if x is None else branch(x)
            for branch, x in zip(self.branches, self.fusion(maps))
        ]


class PlainHead(BaseModule):
    """The maps of all branches as they are."""

    def forward(self, maps: Maps) -> Tuple[Tensor, ...]:
        """``(N, C_b, H_b, W_b)`` per branch."""
        return tuple(x for x in maps if x is not None)


class DenseHead(BaseModule):
    """All maps resized to the finest one, joined, and a searching block.

    The paper says that there are no additional heads; the block, the
    costliest of the network, is what the released code has.
    """

    def __init__(self, project: SearchingBlock):
        super().__init__()
        self.project = project

    def forward(self, maps: Maps) -> Tuple[Tensor]:
        """Maps of all branches to one ``(N, C, H_0, W_0)``."""
        found = [x for x in maps if x is not None]
        size = found[0].shape[2:]
        return (self.project(torch.cat([resize(x, size) for x in found], 1)), )


class ClassificationHead(BaseModule):
    """Maps widened and joined from the finest to the coarsest.

    Args:
        increase (Sequence[SearchingBlock]): Widens the map of each branch.
        down (Sequence[SearchingBlock]): Brings the sum so far to the next
            branch, stride 2.
        final (nn.Module): 1x1 convolution, norm and activation.
        dropout (float): Probability of dropping a channel of the output; the
            same as dropout after global average pooling.
    """

    def __init__(self, increase: Sequence[SearchingBlock],
                 down: Sequence[SearchingBlock], final: nn.Module,
                 dropout: float):
        super().__init__()
        self.increase = ModuleList(increase)
        self.down = ModuleList(down)
        self.final = final
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, maps: List[Tensor]) -> Tuple[Tensor]:
        """Maps of all branches to one ``(N, C, h, w)``, the coarsest."""
        out = self.increase[0](maps[0])
        for increase, down, x in zip(self.increase[1:], self.down, maps[1:]):
            out = increase(x) + down(out)
        return (self.dropout(self.final(out)), )
