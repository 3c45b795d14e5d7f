"""What the backbones of ViPNAS have in common."""
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import Tensor, nn

from scalenas_mm.ops import joined
from scalenas_mm.spaces import (ArchError, SettingError, ViPNASArch,
                                ViPNASBranch, ViPNASSpace, ViPNASStage)
from ..base import SHARED, Index, Maps, SearchableBackbone, Step
from .sorting import sort_channels

# the number of a stage, from 1 on, and its map; gives what goes on
Between = Callable[[int, Tensor], Tensor]


class ViPNASBackbone(SearchableBackbone):
    """A backbone whose stages are elastic.

    Args:
        arch (ViPNASArch | dict | str, optional): Fixed architecture: a value,
            its dict, a JSON file or a name. Only its layers are built.
            Without it this is the supernet.
        stem, stages, head, out_indices, in_channels: As for
            :class:`~scalenas_mm.spaces.ViPNASSpace`. ``head`` is what a head
            that follows the architecture may be; the backbone does not run
            it.
        norm_cfg (dict): Config of the norm layers, ``BN``.
        norm_eval (bool): Keep the running statistics of batch norm fixed.
        with_cp (bool): Recompute activations of blocks to save memory.
        frozen_stages (int): Freeze the stem (0) and stages up to this one.
        init_cfg (dict | list[dict], optional): Initialisation. By default
            that of the paper (Sec. 4.2): normal with a deviation of 0.001.

    Raises:
        SettingError: An argument is not valid.
        ArchError: The architecture is not.
    """
    family: str
    space: ViPNASSpace

    def __init__(self,
                 arch: Any = None,
                 stem: Any = 'paper',
                 stages: Any = 'paper',
                 head: Any = 'paper',
                 out_indices: Optional[Sequence[int]] = None,
                 in_channels: int = 3,
                 norm_cfg: dict = dict(type='BN'),
                 norm_eval: bool = False,
                 with_cp: bool = False,
                 frozen_stages: int = -1,
                 init_cfg: Optional[Union[dict, list]] = None):
        space = ViPNASSpace(self.family, stem, stages, head, out_indices,
                            in_channels)
        if init_cfg is None:
            init_cfg = [
                dict(type='Normal', std=0.001, layer='Conv2d'),
                dict(type='Constant', val=1, layer='BatchNorm2d')
            ]
        super().__init__(space, arch, init_cfg)
        if frozen_stages not in range(-1, len(space.stages) + 1):
            raise SettingError('frozen_stages', f'-1 to {len(space.stages)}',
                               frozen_stages)
        self.norm_cfg = norm_cfg
        self.norm_eval = norm_eval
        self.with_cp = with_cp
        self.frozen_stages = frozen_stages
        self._build(self._built)
        self._freeze()

    def _build(self, arch: ViPNASArch) -> None:
        raise NotImplementedError

    def _attention(self, branch: ViPNASBranch) -> Optional[str]:
        return self.space.attention if branch.attention else None

    def _projection(self, *choices: Sequence[int]) -> Optional[bool]:
        """Whether the shortcut of a supernet's block needs a projection for
        some of these channels; None leaves it to a fixed block."""
        if self.kind != SHARED:
            return None
        return len({c for channels in choices for c in channels}) > 1 or None

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Map ``(N, 3, H, W)`` to a tuple of maps, those of ``out_indices``.

        That of a supernet also says the architecture that gave it.
        """
        maps = self.run(x, self.arch, lambda stage, x: x)
        return Maps.of(maps, self.arch) if self.kind == SHARED else tuple(maps)

    def run(self, x: Tensor, arch: ViPNASArch,
            between: Between) -> List[Tensor]:
        """Maps of an architecture, where ``between`` may change what comes
        out of each stage, in HRNet of its finest branch."""
        raise NotImplementedError

    def parts(self, arch: ViPNASArch) -> Dict[str, Index]:
        """The first blocks, channels and input channels of groups, and the
        centres of kernels (ViPNAS, A.1)."""
        self.space.check(arch)
        if arch == self._built:  # all that it holds, also what is idle
            return super().parts(arch)
        if self.kind != SHARED:
            raise ArchError('arch', self._built.digest, arch.digest)
        return self._slices(arch)

    def _slices(self, arch: ViPNASArch) -> Dict[str, Index]:
        raise NotImplementedError

    def sort_channels(self, model: nn.Module) -> None:
        """Sort channels by importance, in place: see :mod:`.sorting`.

        Args:
            model (nn.Module): The network that it is in, with ``head``.

        Raises:
            SettingError: There is a neck, which would read them, too.
        """
        if getattr(model, 'neck', None) is not None:
            raise SettingError('sort_channels', 'a network without a neck',
                               type(model.neck).__name__)
        sort_channels(self, getattr(model, 'head', None))

    def stem_layers(self) -> Tuple[nn.Module, nn.Module]:
        """Convolution and norm of the stem."""
        raise NotImplementedError

    def _stage_modules(self, stage: int) -> List[nn.Module]:
        """Layers of a stage, from 1 on; of the stem for 0."""
        raise NotImplementedError

    def train(self, mode: bool = True) -> 'ViPNASBackbone':
        """Train, but keep frozen stages (and norms) in evaluation mode."""
        super().train(mode)
        self._freeze()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _freeze(self) -> None:
        for stage in range(self.frozen_stages + 1):
            for module in self._stage_modules(stage):
                module.eval().requires_grad_(False)


class Chain(ViPNASBackbone):
    """Stages one after the other, ``layer1``, ``layer2``, ..."""

    def _build(self, arch: ViPNASArch) -> None:
        source, before = arch.stem, self.space.stem
        self._build_stem(arch.stem)
        for i, (stage,
                choices) in enumerate(zip(arch.stages, self.space.stages), 1):
            branch, = stage.branches
            widths = choices.branches[0].width
            blocks = nn.ModuleList()
            for d in range(stage.depth):
                blocks.append(
                    self._block(
                        source, branch, 1 if d else choices.stride,
                        None if d else self._projection(before, widths),
                        choices))
                source = branch.width
            self.add_module(f'layer{i}', blocks)
            before = widths

    def _build_stem(self, channels: int) -> None:
        raise NotImplementedError

    def _block(self, source: int, branch: ViPNASBranch, stride: int,
               projection: Optional[bool], choices: Any) -> nn.Module:
        raise NotImplementedError

    @staticmethod
    def _part(branch: ViPNASBranch) -> Tuple[int, ...]:
        """Arguments of a block."""
        raise NotImplementedError

    def _run_stem(self, x: Tensor, channels: int) -> Tensor:
        raise NotImplementedError

    def run(self, x: Tensor, arch: ViPNASArch,
            between: Between) -> List[Tensor]:
        state: Tuple[Tensor, ...] = (x, )
        for step in self._parts_of(arch, between):
            state = step.run(state)
        return list(state)

    def steps(self, *args: Any) -> List[Step]:
        """The stem, then each stage."""
        arch = self.arch
        out = Step(
            arch, lambda maps: Maps.of(maps, arch)
            if self.kind == SHARED else maps)
        return [*self._parts_of(arch, lambda stage, x: x), out]

    def _parts_of(self, arch: ViPNASArch, between: Between) -> List[Step]:
        """Stem and stages, each of which gives the maps that are put out, and
        the last one while there is a stage to read it."""
        places, last = self.space.out_indices, len(arch.stages) - 1

        def stem(image: Tuple[Tensor]) -> Tuple[Tensor, ...]:
            return (self._run_stem(image[0], arch.stem), )

        def run(i: int, stage: ViPNASStage,
                maps: Tuple[Tensor, ...]) -> Tuple[Tensor, ...]:
            x, kept = maps[-1], maps if i - 1 in places else maps[:-1]
            for block in getattr(self, f'layer{i + 1}')[:stage.depth]:
                x = block(x, *self._part(stage.branches[0]))
            x = between(i + 1, x)
            return kept if i == last and i not in places else (*kept, x)

        return [
            Step(arch.stem, stem), *(Step((i, stage), partial(run, i, stage))
                                     for i, stage in enumerate(arch.stages))
        ]

    def _slices(self, arch: ViPNASArch) -> Dict[str, Index]:
        out = self._slices_of_stem(arch.stem)
        source = arch.stem
        for i, (depth, (branch, )) in enumerate(arch.stages, 1):
            blocks = getattr(self, f'layer{i}')
            for d, block in enumerate(blocks[:depth]):
                part = block.slices(source, *self._part(branch))
                out.update(joined({f'layer{i}.{d}': part}))
                source = branch.width
        return out

    def _slices_of_stem(self, channels: int) -> Dict[str, Index]:
        raise NotImplementedError

    def _stage_modules(self, stage: int) -> List[nn.Module]:
        if stage:
            return [getattr(self, f'layer{stage}')]
        return [
            module for name, module in self.named_children()
            if not name.startswith('layer')
        ]
