"""The temporal space of ViPNAS (Sec. 3.3), with a spatial one a frame."""
from typing import Any, List, Optional, Tuple

import numpy as np

from ..cost import Complexity, ComplexityBatch, Size
from ..operators import Used
from ..settings import only, probability
from ..space import as_size
from ..vipnas.cost import Sums
from .arch import NONE, TViPNASArch, TViPNASFrame
from .choices import TEMPORAL, TViPNASChoices
from .cost import frame_sums
from .cost_model import TViPNASCostModel
from .operators import video_operators


class TViPNASSpace(TViPNASChoices):
    """For each frame after a key frame a fusion operation, the stage behind
    which it stands, and a network.

    Genes of a frame are the place of its operation among ``operations``, its
    stage, and those of its network.

    Args:
        spatial (ViPNASSpace | Mapping): Networks of a frame, or arguments of
            that space.
        num_frames (int): Frames after a key frame, T of the paper.
        heatmaps (int): Channels of the heatmaps, one for each keypoint.
        operations (Sequence[str]): Some of ``add``, ``mul`` and ``cat``;
            ``none`` is a frame without fusion (figure 6a).
        fusion_stages (Sequence[int], optional): Numbers of the stages, from 1
            on. Defaults to the last one of each resolution from a fourth of
            the image on: 1 to 4 of the ResNet and of HRNet, 2, 3, 5 and 6 of
            the MobileNet. (The paper has four, "e.g. F1, F2, F3, and F4".)
        same (bool): All frames have the same operation, stage and network
            (figure 6b).

    Raises:
        SettingError: Names the argument, what was expected and what came.
    """

    # -- variation --------------------------------------------------------
    def step(self, arch: TViPNASArch, rng: np.random.Generator) -> TViPNASArch:
        """``arch`` with another value of one random choice of one frame."""
        t = int(rng.integers(self.num_frames))
        operation, stage, network = arch.frames[t]
        others = [name for name in self.operations if name != operation]
        stages = [] if operation == NONE else [
            number for number in self.fusion_stages if number != stage
        ]
        place = int(rng.integers(len(self.spatial.choices) + TEMPORAL))
        if place == 0 and others:
            operation = others[rng.integers(len(others))]
            stage = 0 if operation == NONE else (
                stage or int(rng.choice(self.fusion_stages)))
        elif place == 1 and stages:
            stage = stages[rng.integers(len(stages))]
        else:
            network = self.spatial.step(network, rng)
        return self._with(arch, t, TViPNASFrame(operation, stage, network))

    def _with(self, arch: TViPNASArch, t: int,
              frame: TViPNASFrame) -> TViPNASArch:
        frames = list(arch.frames)
        frames[t] = frame
        if self.same:
            frames = [frame] * self.num_frames
        return TViPNASArch(tuple(frames))

    def mutate(self,
               arch: TViPNASArch,
               rng: np.random.Generator,
               p_m: float = 0.5,
               p_gene: Optional[float] = None,
               **options: Any) -> TViPNASArch:
        """Change some frames.

        Args:
            p_m: Probability that a frame is mutated, and in it each part of
                its network.
            p_gene: Probability of each choice of a mutated part to be drawn
                anew. Defaults to that of the spatial space.
        """
        only(options, 'p_m', 'p_gene')
        probability('p_m', p_m)
        rate = self.spatial.p_gene if p_gene is None else p_gene
        fresh = self._grid(self.sample_genes(rng, 1))[0]
        for t, frame in enumerate(arch.frames):
            if rng.random() >= p_m:
                continue
            network = self.spatial.mutate(frame.network, rng, p_m, rate)
            drawn = rng.random(TEMPORAL) < rate
            row = self._grid(self.encode(self._all(*frame))[None])[0, 0]
            row[:TEMPORAL][drawn] = fresh[t, :TEMPORAL][drawn]
            changed = self._frame(row)._replace(network=network)
            arch = self._with(arch, t, changed)
        return arch

    def crossover(self,
                  first: TViPNASArch,
                  second: TViPNASArch,
                  rng: np.random.Generator,
                  p_c: float = 0.25,
                  **options: Any) -> TViPNASArch:
        """Replace whole frames of ``first`` by those of ``second``.

        Args:
            p_c: Probability of each frame to be replaced. With ``same`` it is
                that of each part of the network.
        """
        only(options, 'p_c')
        probability('p_c', p_c)
        if self.same:
            mine, other = first.frames[0], second.frames[0]
            network = self.spatial.crossover(mine.network, other.network, rng,
                                             p_c)
            chosen = other if rng.random() < p_c else mine
            return self._all(chosen.operation, chosen.stage, network)
        swap = rng.random(self.num_frames) < p_c
        return TViPNASArch(
            tuple(b if swapped else a
                  for a, b, swapped in zip(first.frames, second.frames, swap)))

    # -- outputs ----------------------------------------------------------
    def output_channels(self, arch: TViPNASArch) -> Tuple[int, ...]:
        """Of all frames, one after the other."""
        self.check(arch)
        return tuple(
            channels for frame in arch.frames
            for channels in self.spatial.output_channels(frame.network))

    def output_channels_batch(self, genes: np.ndarray) -> np.ndarray:
        return np.concatenate([
            self.spatial.output_channels_batch(rows)
            for rows in self.networks_of(genes)
        ], 1)

    # -- cost -------------------------------------------------------------
    def cost_model(self, input_size: Size, **parts: Any) -> TViPNASCostModel:
        """Also of each frame and on average."""
        return TViPNASCostModel(self, input_size, **parts)

    def frame_sums(self, frame: TViPNASFrame, input_size: Size) -> Sums:
        """Parameters and MACs of one frame: its network without the head, and
        its fusion. ``frame`` may be columns of many."""
        return frame_sums(self, frame, as_size(input_size))

    def complexity(self,
                   arch: TViPNASArch,
                   input_size: Size,
                   drop_dead: bool = False) -> Complexity:
        """Exact cost of the networks and fusions of all frames, without key
        frame and heads.

        Args:
            arch (TViPNASArch): A member of the space.
            input_size (tuple[int]): Height and width of the image.
            drop_dead (bool): Changes nothing, all layers reach an output.

        Raises:
            ArchError: ``arch`` is not in the space.
        """
        self.check(arch)
        each = [self.frame_sums(frame, input_size) for frame in arch.frames]
        return Complexity(
            int(sum(sums.params for sums in each)),
            int(sum(sums.macs for sums in each)))

    def complexity_batch(self,
                         genes: np.ndarray,
                         input_size: Size,
                         drop_dead: bool = False) -> ComplexityBatch:
        """Costs of canonical gene vectors, shape ``(num, genes)``."""
        each = [
            self.frame_sums(frame, input_size) for frame in self.columns(genes)
        ]
        return ComplexityBatch(
            sum(sums.params for sums in each), sum(sums.macs for sums in each))

    def operators(self,
                  genes: np.ndarray,
                  input_size: Size,
                  drop_dead: bool = False) -> List[Used]:
        """Of the networks and fusions of all frames, without key frame and
        heads."""
        return video_operators(self, self.columns(genes), as_size(input_size))
