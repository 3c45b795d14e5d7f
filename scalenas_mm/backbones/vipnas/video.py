"""The networks of the frames after a key frame (ViPNAS, Sec. 3.3)."""
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from scalenas_mm.ops import TemporalFusion, joined
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import (SettingError, TViPNASArch, TViPNASFrame,
                                TViPNASSpace, ViPNASSpace)
from ..base import SHARED, Index, Maps, SearchableBackbone, Step
from .base import ViPNASBackbone

SPATIAL = ('stem', 'stages', 'head', 'out_indices', 'in_channels')


class Frames(ModuleList):
    """A module for each frame.

    Args:
        modules (Sequence[nn.Module]): By frame.
        shared (bool): They have the parameters of the first one. Each has
            batch-norm statistics of its own, as each frame sees other inputs
            and may run another architecture. Weights for another number of
            frames load, too: further frames get the statistics of the last
            one.
    """

    def __init__(self, modules: Sequence[nn.Module], shared: bool):
        super().__init__(modules)
        if shared:
            for module in list(self)[1:]:
                share_parameters(self[0], module)
            self._register_load_state_dict_pre_hook(self._fit_frames)

    def _fit_frames(self, state_dict: dict, prefix: str, *args: Any) -> None:
        """Drop the weights of more frames, repeat those of the last one."""
        found: Dict[int, Dict[str, Tensor]] = {}
        for key in [key for key in state_dict if key.startswith(prefix)]:
            frame, _, name = key[len(prefix):].partition('.')
            if frame.isdecimal():
                found.setdefault(int(frame), {})[name] = state_dict[key]
                if int(frame) >= len(self):
                    del state_dict[key]
        if not found:
            return
        for frame in range(max(found) + 1, len(self)):
            for name, value in found[max(found)].items():
                state_dict[f'{prefix}{frame}.{name}'] = value


def share_parameters(source: nn.Module, target: nn.Module) -> None:
    """Give ``target`` the parameters of ``source``, which is built alike."""
    for name, module in target.named_modules():
        own = source.get_submodule(name)
        for key in module._parameters:
            module._parameters[key] = own._parameters[key]


class FrameNetwork(BaseModule):
    """The network of a frame, with fusion behind a stage.

    Args:
        network (dict): Config of a backbone of ViPNAS, with ``arch`` if it is
            fixed.
        fusions (dict): Operations by the number of a stage.
        heatmaps (int): Channels of the heatmaps.
        share_operations (bool): As for :class:`TemporalFusion`.
    """

    def __init__(self, network: dict, fusions: Dict[int, Sequence[str]],
                 heatmaps: int, share_operations: bool):
        super().__init__()
        self.network: ViPNASBackbone = MODELS.build(network)
        channels = self.network.space.stage_channels(self.network.arch.stages)
        self.fusions = nn.ModuleDict({
            str(stage):
            TemporalFusion(heatmaps, channels[stage - 1], operations,
                           share_operations)
            for stage, operations in fusions.items()
        })

    def forward(self, image: Tensor, heatmaps: Tensor,
                frame: TViPNASFrame) -> Sequence[Tensor]:
        """Maps of the frame, from its image and the heatmaps before."""

        def between(stage: int, x: Tensor) -> Tensor:
            if stage != frame.stage:
                return x
            return self.fusions[str(stage)](x, heatmaps, frame.operation)

        return self.network.run(image, frame.network, between)

    def slices(self, frame: TViPNASFrame) -> Dict[str, Index]:
        """Where the weights of a frame lie in those here."""
        parts = {'network': self.network.parts(frame.network)}
        if frame.stage:
            channels = self.network.space.stage_channels(
                frame.network.stages)[frame.stage - 1]
            parts[f'fusions.{frame.stage}'] = self.fusions[str(
                frame.stage)].slices(frame.operation, channels)
        return joined(parts)


@MODELS.register_module()
class TViPNAS(SearchableBackbone):
    """For each frame after a key frame a network that takes the heatmaps of
    the frame before.

    The temporal part of `ViPNAS <https://arxiv.org/abs/2105.10154>`_. As a
    supernet, all frames have one set of weights. Fixed, each frame has the
    weights of its own network.

    Args:
        network (dict): Config of a backbone of ViPNAS, without ``arch``.
        num_frames (int): Frames after a key frame, T of the paper. Weights of
            a supernet for other numbers load.
        heatmaps (int): Channels of the heatmaps.
        within (ViPNASArch | dict | str, optional): Largest network of a
            frame: a value, its dict, a JSON file or a name. The paper takes
            the network of the key frame, and what is smaller (Sec. 3.4.2).
            Defaults to the largest one of ``network``.
        operations, fusion_stages, same: As for
            :class:`~scalenas_mm.spaces.TViPNASSpace`.
        share_operations (bool): As for
            :class:`~scalenas_mm.ops.TemporalFusion`.
        arch (TViPNASArch | dict | str, optional): Fixed architecture.
            Without it this is the supernet.
        init_cfg (dict | list[dict], optional): Initialisation.

    Raises:
        SettingError: An argument is not valid.
        ArchError: An architecture is not.
    """
    space: TViPNASSpace

    def __init__(self,
                 network: dict,
                 num_frames: int = 3,
                 heatmaps: int = 17,
                 within: Any = None,
                 operations: Sequence[str] = ('add', 'mul', 'cat'),
                 fusion_stages: Optional[Sequence[int]] = None,
                 same: bool = False,
                 share_operations: bool = False,
                 arch: Any = None,
                 init_cfg: Optional[Union[dict, list]] = None):
        spatial = _spatial(network)
        if within is not None:
            spatial = spatial.within(spatial.resolve(within))
        space = TViPNASSpace(spatial, num_frames, heatmaps, operations,
                             fusion_stages, same)
        super().__init__(space, arch, init_cfg)
        settings = {key: spatial.to_dict()[key] for key in SPATIAL}
        self._cfg = dict(network, **settings)
        self.frames = Frames([
            self._frame(frame, share_operations)
            for frame in self._built.frames
        ], self.kind == SHARED)

    def _frame(self, frame: TViPNASFrame,
               share_operations: bool) -> FrameNetwork:
        cfg, space = self._cfg, self.space
        fusions: Dict[int, Sequence[str]] = {}
        if self.kind == SHARED:
            names = [name for name in space.operations if name != 'none']
            if names:
                fusions = {stage: names for stage in space.fusion_stages}
        else:
            cfg = dict(cfg, arch=frame.network.to_dict())
            if frame.stage:
                fusions = {frame.stage: [frame.operation]}
        return FrameNetwork(cfg, fusions, space.heatmaps, share_operations)

    def forward(self, image: Tensor, heatmaps: Tensor,
                frame: int) -> Tuple[Tensor, ...]:
        """Maps of one frame.

        Args:
            image (Tensor): ``(N, 3, H, W)``.
            heatmaps (Tensor): Of the frame before, ``(N, K, H', W')``.
            frame (int): Which one, 0 for the first after the key frame.

        Returns:
            tuple[Tensor]: As of the backbone of a frame. Those of a supernet
            also say the architecture of the frame.
        """
        choice = self.arch.frames[frame]
        maps = self.frames[frame](image, heatmaps, choice)
        if self.kind == SHARED:
            return Maps.of(maps, choice.network)
        return tuple(maps)

    def steps(self, image: Tensor, heatmaps: Tensor, frame: int) -> List[Step]:
        """One for the frame; it depends on no other's network."""
        return [
            Step((frame, self.arch.frames[frame]),
                 lambda state: TViPNAS.forward(self, *state))
        ]

    def parts(self, arch: TViPNASArch) -> Dict[str, Index]:
        """Of every frame the part of its network, and its fusion."""
        if arch == self._built or self.kind != SHARED:
            return super().parts(arch)
        self.space.check(arch)
        return joined({
            f'frames.{t}': self.frames[t].slices(frame)
            for t, frame in enumerate(arch.frames)
        })


def _spatial(network: dict) -> ViPNASSpace:
    """The space of a backbone's config.

    Raises:
        SettingError: It is none of ViPNAS, or has an architecture.
    """
    kind = network.get('type')
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    if not isinstance(kind, type) or not issubclass(kind, ViPNASBackbone):
        raise SettingError('network.type', 'a backbone of ViPNAS',
                           network.get('type'))
    if network.get('arch') is not None:
        raise SettingError(
            'network.arch', 'none: those of the frames are in arch, the '
            'largest one in within', network['arch'])
    return ViPNASSpace(kind.family,
                       **{k: network[k]
                          for k in SPATIAL if k in network})
