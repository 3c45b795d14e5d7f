"""Costs of a video model: of a clip, of each of its frames, on average."""
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..cost import Complexity, ComplexityBatch, Size
from ..cost_model import CostModel
from ..vipnas import ElasticHeadCost, ViPNASArch, ViPNASSpace


@dataclass(frozen=True)
class ElasticHeadsCost:
    """Cost of the heads of all frames, each as :class:`ElasticHeadCost`.

    Args:
        space (TViPNASSpace): The space.
        out_channels (int): Heatmaps.
        key_space (ViPNASSpace, optional): Where the network of the key frame
            is from, if it is one of ViPNAS with an elastic head.
        key (ViPNASArch, optional): That network.
    """
    space: Any
    out_channels: int
    key_space: Optional[ViPNASSpace] = None
    key: Optional[ViPNASArch] = None

    @property
    def one(self) -> ElasticHeadCost:
        """Of the head of one frame."""
        return ElasticHeadCost(self.space.spatial, self.out_channels)

    def complexity(self, arch: Any, input_size: Size) -> Complexity:
        """Of one member of the space."""
        return sum((self.one.complexity(frame.network, input_size)
                    for frame in arch.frames), Complexity())

    def complexity_batch(self, genes: np.ndarray,
                         input_size: Size) -> ComplexityBatch:
        """Of many canonical gene vectors."""
        found = [
            self.one.complexity_batch(rows, input_size)
            for rows in self.space.networks_of(genes)
        ]
        params: Any = sum(one.params for one in found)
        macs: Any = sum(one.macs for one in found)
        return ComplexityBatch(params, macs)

    def key_gflops(self, input_size: Size) -> float:
        """Of the key frame, as the paper counts."""
        space: Any = self.key_space
        head = ElasticHeadCost(space, self.out_channels)
        costs = space.cost_model(input_size, followers=(head, ))
        return costs(self.key)['paper_gflops']


@dataclass(frozen=True)
class TViPNASCostModel(CostModel):
    """Costs of a video model.

    ``params`` and ``macs`` are of all that it holds and of a whole clip, from
    the key frame on. Further ones:

    - ``macs_1``, ``macs_2``, ...: of each frame after the key frame, with
      fusion and head.
    - ``propagated_macs``: of these frames together, what Eq. 3 of ViPNAS
      limits.
    - ``frame_macs``: of a frame on average, the key frame among them, as the
      tables of the paper (Sec. 4.3); ``frame_params`` likewise.
    - ``paper_gflops`` and ``propagated_paper_gflops``: ``frame_macs`` and
      ``propagated_macs`` as the paper counts, see
      :class:`~scalenas_mm.spaces.ViPNASCostModel`; only with elastic heads,
      and a network of ViPNAS for the key frame.
    """

    @property
    def heads(self) -> List[ElasticHeadsCost]:
        """Costs of elastic heads."""
        return [
            part for part in self.followers
            if isinstance(part, ElasticHeadsCost)
        ]

    @property
    def _paper(self) -> bool:
        return bool(self.heads) and self.heads[0].key is not None

    @cached_property  # the same for all architectures
    def _key_gflops(self) -> float:
        return self.heads[0].key_gflops(self.input_size)

    @property
    def keys(self) -> Tuple[str, ...]:
        space: Any = self.space
        frames = (f'macs_{t + 1}' for t in range(space.num_frames))
        paper = ('propagated_paper_gflops',
                 'paper_gflops') if self._paper else ()
        return (*super().keys, *frames, 'propagated_macs', 'frame_macs',
                'frame_params', *paper)

    def __call__(self, arch: Any) -> Dict[str, Any]:
        out = super().__call__(arch)
        return {
            key: value.item() if hasattr(value, 'item') else value
            for key, value in self._more(out, arch.frames).items()
        }

    def batch(self, genes: np.ndarray) -> Dict[str, np.ndarray]:
        space: Any = self.space
        return self._more(super().batch(genes), space.columns(genes))

    def _more(self, out: Dict[str, Any], frames: Any) -> Dict[str, Any]:
        space: Any = self.space
        each = []
        surplus: Any = 0
        for frame in frames:
            macs = space.frame_sums(frame, self.input_size).macs
            for head in self.heads:
                own, deconvs = head.one._sums(frame.network, self.input_size)
                macs = macs + own.macs
                surplus = surplus + 3 * deconvs
            each.append(macs)
        out.update({f'macs_{t}': macs for t, macs in enumerate(each, 1)})
        total, num = sum(each), space.num_frames + 1
        out['propagated_macs'] = total
        out['frame_macs'] = out['macs'] / num
        out['frame_params'] = out['params'] / num
        if self._paper:
            paper = (total + surplus) / 2**30
            out['propagated_paper_gflops'] = paper
            out['paper_gflops'] = (paper + self._key_gflops) / num
        return out
