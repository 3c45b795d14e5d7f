"""What the temporal space of ViPNAS is made of, and its gene vectors."""
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from ..arch import ArchError
from ..errors import SettingError
from ..settings import only, whole
from ..space import GENE_DTYPE, Space
from ..vipnas import ViPNASArch, ViPNASSpace
from .arch import NONE, OPERATIONS, TViPNASArch, TViPNASFrame
from .settings import fusion_stages_of, operations_of

TEMPORAL = 2  # genes before those of a frame's network: operation, stage


class TViPNASChoices(Space[TViPNASArch]):
    """Choices of a :class:`~.space.TViPNASSpace`, which says what they are.

    Raises:
        SettingError: Names the argument, what was expected and what came.
    """
    arch_type = TViPNASArch

    def __init__(self,
                 spatial: Union[ViPNASSpace, Mapping[str, Any]],
                 num_frames: int = 3,
                 heatmaps: int = 17,
                 operations: Sequence[str] = OPERATIONS,
                 fusion_stages: Optional[Sequence[int]] = None,
                 same: bool = False) -> None:
        if isinstance(spatial, Mapping):
            spatial = ViPNASSpace(**{
                k: v
                for k, v in spatial.items() if k != 'type'
            })
        if not isinstance(spatial, ViPNASSpace):
            raise SettingError('spatial', 'a ViPNASSpace', spatial)
        self.spatial = spatial
        self.num_frames = whole('num_frames', num_frames, 1, 64)
        self.heatmaps = whole('heatmaps', heatmaps, 1, 2**15)
        self.operations = operations_of(operations)
        self.fusion_stages = fusion_stages_of(spatial, fusion_stages)
        if not isinstance(same, bool):
            raise SettingError('same', 'True or False', same)
        self.same = same
        # places of `none` have the first stage, which stands for no stage
        self._none = [
            i for i, name in enumerate(self.operations) if name == NONE
        ]

    def to_dict(self) -> Dict[str, Any]:
        return dict(
            type=type(self).__name__,
            spatial=self.spatial.to_dict(),
            num_frames=self.num_frames,
            heatmaps=self.heatmaps,
            operations=list(self.operations),
            fusion_stages=list(self.fusion_stages),
            same=self.same)

    @property
    def in_channels(self) -> int:
        """Channels of an image."""
        return self.spatial.in_channels

    @property
    def clip_shape(self) -> Tuple[int, ...]:
        """What stands before the channels of an input: images of a clip."""
        return (self.num_frames + 1, )

    # -- values -----------------------------------------------------------
    def _all(self, operation: str, stage: int,
             network: ViPNASArch) -> TViPNASArch:
        stage = 0 if operation == NONE else stage
        frame = TViPNASFrame(operation, stage, network)
        return TViPNASArch((frame, ) * self.num_frames)

    def max_arch(self) -> TViPNASArch:
        """The largest network in all frames; ``cat``, if it is a choice,
        behind the last stage."""
        fused = [name for name in self.operations if name != NONE]
        operation = 'cat' if 'cat' in fused else (fused or [NONE])[-1]
        return self._all(operation, self.fusion_stages[-1],
                         self.spatial.max_arch())

    def min_arch(self) -> TViPNASArch:
        """The smallest network in all frames; no fusion, or an operation that
        keeps the channels behind the first stage."""
        cheap = [
            name for name in (NONE, *OPERATIONS) if name in self.operations
        ]
        return self._all(cheap[0], self.fusion_stages[0],
                         self.spatial.min_arch())

    def _temporal(self, rng: np.random.Generator,
                  arch: TViPNASArch) -> TViPNASArch:
        """``arch`` with random operations and stages."""
        genes, fresh = self.encode(arch)[None], self.sample_genes(rng, 1)
        self._grid(genes)[..., :TEMPORAL] = self._grid(fresh)[..., :TEMPORAL]
        return self.decode(genes[0])

    def largest(self, rng: np.random.Generator) -> TViPNASArch:
        """The largest networks with random fusion (ViPNAS, Sec. 3.4.2)."""
        return self._temporal(rng, self.max_arch())

    def smallest(self, rng: np.random.Generator) -> TViPNASArch:
        """The smallest networks with random fusion."""
        return self._temporal(rng, self.min_arch())

    def is_largest(self, arch: TViPNASArch) -> bool:
        most = self.spatial.max_arch()
        return all(frame.network == most for frame in arch.frames)

    def canonical(self, arch: TViPNASArch) -> TViPNASArch:
        """``arch`` itself: no two run the same graph."""
        self.check(arch)
        return arch

    def check(self, arch: TViPNASArch) -> None:
        if not isinstance(arch, TViPNASArch):
            raise ArchError('arch', 'a TViPNASArch', arch)
        if len(arch.frames) != self.num_frames:
            raise ArchError('arch.frames', f'{self.num_frames} frames',
                            len(arch.frames))
        for i, frame in enumerate(arch.frames):
            self._check_frame(f'arch.frames[{i}]', frame)
        if self.same and len(set(arch.frames)) > 1:
            raise ArchError('arch.frames', 'the same in all frames', 'others')

    def _check_frame(self, field: str, frame: TViPNASFrame) -> None:
        operation, stage, network = frame
        if operation not in self.operations:
            raise ArchError(f'{field}.operation', f'one of {self.operations}',
                            operation)
        allowed = (0, ) if operation == NONE else self.fusion_stages
        if type(stage) is not int or stage not in allowed:
            raise ArchError(f'{field}.stage', f'one of {allowed}', stage)
        try:
            self.spatial.check(network)
        except ArchError as error:
            raise ArchError(f'{field}.network: {error}') from None

    def size(self) -> int:
        """Exact number of architectures, (N_O N_S N)^T for N networks of a
        frame (ViPNAS, Sec. 3.3, times its spatial space)."""
        fused = len(self.operations) - len(self._none)
        temporal = fused * len(self.fusion_stages) + len(self._none)
        frames = 1 if self.same else self.num_frames
        return (temporal * self.spatial.size())**frames

    def facts(self, arch: TViPNASArch) -> Dict[str, int]:
        own = [self.spatial.facts(frame.network) for frame in arch.frames]
        return {key: sum(facts[key] for facts in own) for key in own[0]}

    # -- genes ------------------------------------------------------------
    def _grid(self, genes: np.ndarray) -> np.ndarray:
        """Genes as ``(num, frames, genes of a frame)``, without a copy."""
        return genes.reshape(
            len(genes), self.num_frames,
            len(self.spatial.choices) + TEMPORAL)

    def networks_of(self, genes: np.ndarray) -> List[np.ndarray]:
        """Spatial genes of each frame, ``(num, genes)``."""
        grid = self._grid(np.asarray(genes))
        return [grid[:, t, TEMPORAL:] for t in range(self.num_frames)]

    def columns(self, genes: np.ndarray) -> List[TViPNASFrame]:
        """Each frame of many architectures: arrays in place of values."""
        grid = self._grid(np.asarray(genes))
        names: Any = np.array(self.operations)
        out = []
        for rows in grid.transpose(1, 0, 2):
            stage: Any = rows[:, 1].astype(np.int64)
            network: Any = self.spatial.layout.columns(rows[:, TEMPORAL:])
            out.append(TViPNASFrame(names[rows[:, 0]], stage, network))
        return out

    def gene_choices(self) -> Tuple[np.ndarray, ...]:
        own = (np.arange(len(self.operations), dtype=GENE_DTYPE),
               np.array(self.fusion_stages, GENE_DTYPE))
        return (*own, *self.spatial.gene_choices()) * self.num_frames

    def canonical_genes(self, genes: np.ndarray) -> np.ndarray:
        """Networks become canonical; a frame without fusion has the first
        stage; with ``same`` all frames become the first one."""
        out = np.array(genes, GENE_DTYPE)
        grid = self._grid(out)
        if self.same:
            grid[:] = grid[:, :1]
        grid[..., 1][np.isin(grid[..., 0], self._none)] = self.fusion_stages[0]
        for t in range(self.num_frames):
            grid[:, t,
                 TEMPORAL:] = self.spatial.canonical_genes(grid[:, t,
                                                                TEMPORAL:])
        return out

    def encode(self, arch: TViPNASArch) -> np.ndarray:
        self.check(arch)
        rows = [
            np.concatenate([[
                self.operations.index(operation), stage
                or self.fusion_stages[0]
            ],
                            self.spatial.encode(network)])
            for operation, stage, network in arch.frames
        ]
        return np.concatenate(rows).astype(GENE_DTYPE)

    def decode(self, genes: np.ndarray) -> TViPNASArch:
        """Canonical architecture of a gene vector.

        Raises:
            ArchError: Wrong length, or a value that is no choice.
        """
        genes, choices = np.asarray(genes), self.gene_choices()
        if genes.shape != (len(choices), ):
            raise ArchError('genes', f'shape ({len(choices)},)', genes.shape)
        for i, (value, allowed) in enumerate(zip(genes.tolist(), choices)):
            if value not in allowed:
                raise ArchError(f'genes[{i}]', f'one of {allowed.tolist()}',
                                value)
        rows = self._grid(self.canonical_genes(genes[None]))[0]
        return TViPNASArch(tuple(map(self._frame, rows)))

    def _frame(self, row: np.ndarray) -> TViPNASFrame:
        operation = self.operations[int(row[0])]
        return TViPNASFrame(operation, 0 if operation == NONE else int(row[1]),
                            self.spatial.decode(row[TEMPORAL:]))

    def _joined(self, rng: np.random.Generator, num: int,
                networks: np.ndarray) -> np.ndarray:
        """Genes with these networks, ``(num * frames, genes)``, and random
        operations and stages."""
        shape = (num, self.num_frames)
        operation = rng.integers(len(self.operations), size=shape)
        stage = rng.choice(self.fusion_stages, size=shape)
        grid = np.concatenate([
            np.stack([operation, stage], -1),
            networks.reshape(*shape, networks.shape[-1])
        ], -1)
        return self.canonical_genes(
            grid.reshape(num, self.num_frames * grid.shape[-1]))

    def sample_genes(self, rng: np.random.Generator, num: int,
                     **options: Any) -> np.ndarray:
        """Random architectures: each frame has its own operation, stage, both
        uniform, and network, as the spatial space draws it; no options."""
        only(options)
        return self._joined(
            rng, num, self.spatial.sample_genes(rng, num * self.num_frames))

    def spread_genes(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """As :meth:`sample_genes`, spread over the whole range of costs: in
        every second architecture all frames have one network."""
        networks = self.spatial.spread_genes(rng, num * self.num_frames)
        grid = networks.reshape(num, self.num_frames, networks.shape[-1])
        grid[::2] = grid[::2, :1]
        return self._joined(rng, num, networks)
