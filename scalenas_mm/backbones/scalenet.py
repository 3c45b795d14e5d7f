"""ScaleNet, the backbone of ScaleNAS."""
import re
from functools import partial
from itertools import repeat
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import ModuleList, Sequential
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import Tensor, nn

from scalenas_mm.ops import Bottleneck, Downsample, conv_norm
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import (ScaleNetArch, ScaleNetSpace, SettingError,
                                WideScaleNetSpace)
from .base import SHARED, Index, Maps, SearchableBackbone, Step
from .multi_scale import MultiScaleModule
from .wide_multi_scale import build_wide, wide_parts, wide_runs

# stage, module, and a block by branch and level or a fusion by level, target
# and source
LAYER = re.compile(r'stage(\d+)\.(\d+)\.(?:'
                   r'branches\.(\d+)\.(\d+)|fusions\.(\d+)_(\d+)_(\d+))\.')


@MODELS.register_module()
class ScaleNet(SearchableBackbone):
    """High-resolution network with searchable depths and fusions.

    `ScaleNAS <https://arxiv.org/abs/2011.14584>`_, Sec. 3.2. Without
    ``arch`` this is the supernet. Weights of any HRNet load by ``init_cfg``:
    HRNet's fusions stand after the fourth block.

    Args:
        width (int): Channels of the branch with the highest resolution.
        multi_scale_output (bool): Return all branches, or only the first.
        arch (ScaleNetArch | dict | str, optional): Fixed architecture: a
            value, its dict, a JSON file, or ``max``, ``min``, ``hrnet``. Only
            its layers are built.
        depths (Sequence[int]): Possible numbers of blocks of a branch.
        widths (Sequence[Sequence[int]], optional): Possible channels of each
            branch, chosen by every module: see
            :class:`~scalenas_mm.spaces.WideScaleNetSpace`. Norms are then
            ``BN``. By default ``width`` and its multiples.
        num_modules (Sequence[int]): Modules of each stage from stage 2 on.
        stem_width (int): Channels of the stem.
        stage1_blocks (int): Number of bottlenecks of stage 1.
        in_channels (int): Channels of the input image.
        upsample (str): ``bilinear`` (the paper, mmseg's HRNet) or
            ``nearest`` (the released code, mmpose's and mmdet's HRNet).
        drop_dead (bool): Leave out layers whose result reaches no output.
            The released code runs them.
        norm_cfg (dict): Config of the norm layers.
        norm_eval (bool): Keep the running statistics of batch norm fixed.
        with_cp (bool): Recompute activations of blocks to save memory.
        frozen_stages (int): Freeze the stem (0) and stages up to this one.
        zero_init_residual (bool): Start every block as the identity.
        channels_last (bool): Hold maps with their channels last in memory,
            which is faster, and rounds otherwise.
        init (str, optional): ``hrnet``: layers that HRNet does not have begin
            without effect, so that the supernet begins as the HRNet whose
            weights ``init_cfg`` or a checkpoint of the whole model loads.
            HRNet's widths have to be the largest choices of ``widths``.
            Weights that are loaded for those layers, too, are kept.
        init_cfg (dict | list[dict], optional): Initialisation.

    Raises:
        SettingError: An argument is not valid. With ``init='hrnet'``, also
            on loading weights that lack some of HRNet's.
        ArchError: The architecture is not.
    """

    def __init__(self,
                 width: int = 32,
                 multi_scale_output: bool = True,
                 arch: Any = None,
                 depths: Sequence[int] = (2, 3, 4, 5),
                 widths: Optional[Sequence[Sequence[int]]] = None,
                 num_modules: Sequence[int] = (1, 4, 3),
                 stem_width: int = 64,
                 stage1_blocks: int = 4,
                 in_channels: int = 3,
                 upsample: str = 'bilinear',
                 drop_dead: bool = True,
                 norm_cfg: dict = dict(type='BN', requires_grad=True),
                 norm_eval: bool = False,
                 with_cp: bool = False,
                 frozen_stages: int = -1,
                 zero_init_residual: bool = False,
                 channels_last: bool = False,
                 init: Optional[str] = None,
                 init_cfg: Optional[Union[dict, list]] = None):
        settings = dict(
            width=width,
            multi_scale_output=multi_scale_output,
            depths=depths,
            num_modules=num_modules,
            stem_width=stem_width,
            stage1_blocks=stage1_blocks,
            in_channels=in_channels)
        space: Any = ScaleNetSpace(**settings) if widths is None else (
            WideScaleNetSpace(widths, **settings))
        if init_cfg is None:
            init_cfg = [
                dict(type='Kaiming', layer='Conv2d'),
                dict(
                    type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm'])
            ]
        super().__init__(space, arch, init_cfg)
        self.space: ScaleNetSpace
        self.elastic = widths is not None
        if upsample not in ('bilinear', 'nearest'):
            raise SettingError('upsample', 'bilinear or nearest', upsample)
        self.num_stages = len(space.num_modules) + 1
        if frozen_stages not in range(-1, self.num_stages + 1):
            raise SettingError('frozen_stages', f'-1 to {self.num_stages}',
                               frozen_stages)
        if init not in (None, 'hrnet'):
            raise SettingError('init', 'None or hrnet', init)
        if init and 4 not in space.depths:
            raise SettingError('init', '4 among the depths (HRNet has it)',
                               space.depths)
        if init and self.elastic and any(
                row[-1] != width * 2**j for j, row in enumerate(space.widths)):
            raise SettingError('init', "HRNet's widths as the largest ones",
                               space.widths)
        self.upsample = upsample
        self.drop_dead = drop_dead
        self.norm_eval = norm_eval
        self.channels_last = channels_last
        self.frozen_stages = frozen_stages
        self._start = self._runs(space.resolve(init)) if init else None
        self._build(upsample, norm_cfg, with_cp, zero_init_residual)
        self._register_load_state_dict_pre_hook(self._rename_hrnet)
        if init and self.kind == SHARED:
            self._register_load_state_dict_pre_hook(self._check_start)
        self._freeze()

    def _build(self, upsample: str, norm_cfg: dict, with_cp: bool,
               zero_init_residual: bool) -> None:
        space, stem = self.space, self.space.stem_width
        block_cfg = dict(
            with_cp=with_cp, zero_init_residual=zero_init_residual)
        self.norms = []
        for i, channels in ((1, space.in_channels), (2, stem)):
            name, norm = build_norm_layer(norm_cfg, stem, postfix=i)
            conv = nn.Conv2d(channels, stem, 3, 2, padding=1, bias=False)
            self.add_module(f'conv{i}', conv)
            self.add_module(name, norm)
            self.norms.append(name)
        self.layer1 = Sequential(
            *(Bottleneck(4 * stem if i else stem, stem, norm_cfg, **block_cfg)
              for i in range(space.stage1_blocks)))
        if self.elastic:
            build_wide(self, norm_cfg, upsample, **block_cfg)
            return
        widths = [space.width * 2**j for j in range(self.num_stages)]
        self._build_transitions(widths, norm_cfg)
        modules = iter(self._runs(self._built).modules)
        starts = iter(self._start.modules if self._start else repeat(None))
        for stage, num in enumerate(space.num_modules, 2):
            self.add_module(
                f'stage{stage}',
                ModuleList([
                    MultiScaleModule(
                        next(modules), widths[:stage], norm_cfg, upsample,
                        next(starts), **block_cfg) for _ in range(num)
                ]))

    def _build_transitions(self, widths: List[int], norm_cfg: dict) -> None:
        wide = 4 * self.space.stem_width
        self.transition1 = nn.ModuleList([
            nn.Sequential(*conv_norm(wide, widths[0], 3, 1, norm_cfg)),
            Downsample(wide, widths[1], 1, norm_cfg)
        ])
        for j in range(2, self.num_stages):
            new = Downsample(widths[j - 1], widths[j], 1, norm_cfg)
            self.add_module(f'transition{j}', nn.ModuleDict({str(j): new}))

    def _runs(self, arch):
        """The architecture whose layers are really run."""
        return self.space.live(arch) if self.drop_dead else arch

    def parts(self, arch: ScaleNetArch) -> Dict[str, Index]:
        """Whole tensors: a ScaleNet has some of the supernet's layers. With
        elastic widths, their first channels."""
        if self.elastic:
            if arch == self._built:
                return super().parts(arch)
            self.space.check(arch)
            return wide_parts(self, self._runs(arch))
        modules = self._runs(arch).modules
        return {
            key: ...
            for key in self.state_dict()
            if self._is_part(LAYER.match(key), modules)
        }

    def _is_part(self, layer: Optional[re.Match], modules: Sequence) -> bool:
        """Whether a layer of a module is in these modules; all others are."""
        if layer is None:
            return True
        stage, position = int(layer[1]), int(layer[2])
        module = modules[sum(self.space.num_modules[:stage - 2]) + position]
        if layer[3]:
            return int(layer[4]) < module.depth[int(layer[3])]
        level, target, source = map(int, layer.group(5, 6, 7))
        return level < module.depth[target] and bool(
            module.fusion[target][level][source])

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Map ``(N, 3, H, W)`` to one map per branch at strides 4, 8, ..."""
        state: Any = (x, )
        for step in self.steps(x):
            state = step.run(state)
        return state

    def steps(self, *args: Any) -> List[Step]:
        """The stem with stage 1, then each module behind its transition."""
        arch = self._runs(self.arch)
        runs = wide_runs(
            self, arch) if self.elastic else (((), (module, ))
                                              for module in arch.modules)
        modules = [
            Step((place, *run), partial(self._run_module, place, *run))
            for place, run in zip(self._places(), runs)
        ]
        out = Step(self.arch, partial(self._put_out, self.arch))
        return [Step((), self._run_stem), *modules, out]

    def _places(self) -> Iterator[Tuple[int, int]]:
        """Stage of each module, and its place there."""
        for stage, num in enumerate(self.space.num_modules, 2):
            for position in range(num):
                yield stage, position

    def _run_stem(self, state: Tuple[Tensor]) -> Tensor:
        x, = state
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        for i, norm in enumerate(self.norms, 1):
            x = getattr(self, norm)(getattr(self, f'conv{i}')(x))
            x = F.relu(x, inplace=True)
        return self.layer1(x)

    def _run_module(self, place: Tuple[int, int], widths: Sequence[int],
                    run: Tuple, state: Any) -> List[Tensor]:
        """Maps of all branches from those before, or from that of stage 1.

        ``run`` is what the module takes, ``widths`` what transitions before
        it put out, if that is elastic.
        """
        stage, position = place
        maps = state if position else self._change(stage, widths, state)
        return getattr(self, f'stage{stage}')[position](maps, *run)

    def _change(self, stage: int, widths: Sequence[int],
                state: Any) -> List[Tensor]:
        """Maps that come into a stage."""
        if stage == 2:
            first, second = self.transition1
            return [
                F.relu(layer(state, *args), inplace=True)
                for layer, args in ((first, widths[:1]), (second,
                                                          ((), *widths[1:])))
            ]
        new = getattr(self, f'transition{stage - 1}')[str(stage - 1)]
        return [*state, F.relu(new(state[-1], (), *widths[1:]), inplace=True)]

    def _put_out(self, arch: ScaleNetArch,
                 maps: List[Tensor]) -> Tuple[Tensor, ...]:
        out = tuple(maps if self.space.multi_scale_output else maps[:1])
        return Maps.of(out,
                       arch) if self.elastic and (self.kind == SHARED) else out

    def train(self, mode: bool = True) -> 'ScaleNet':
        """Train, but keep frozen stages (and norms) in evaluation mode."""
        super().train(mode)
        self._freeze()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _freeze(self) -> None:
        names = []
        if self.frozen_stages >= 0:
            names += ['conv1', 'conv2', *self.norms]
        for stage in range(1, self.frozen_stages + 1):
            names.append('layer1' if stage == 1 else f'stage{stage}')
            names.append(f'transition{stage}')
        for name in names:
            module = getattr(self, name, None)  # no transition after the last
            if module is not None:
                module.eval().requires_grad_(False)

    def _rename_hrnet(self, state_dict: dict, prefix: str, *args) -> None:
        """Give HRNet's fusion layers the names they have here."""
        pattern = re.compile(
            re.escape(prefix) + r'(stage\d+\.\d+)\.fuse_layers\.(\d)\.(\d)\.')
        new = prefix + r'\1.fusions.3_\2_\3.'
        for key in [key for key in state_dict if pattern.match(key)]:
            state_dict[pattern.sub(new, key)] = state_dict.pop(key)

    def _check_start(self, state_dict: dict, prefix: str, *args) -> None:
        """What the supernet begins as has to be there."""
        own = self.state_dict()
        wrong = [
            key for key in self.parts(self._start)
            if not key.endswith('num_batches_tracked')  # old ones lack it
            and getattr(state_dict.get(prefix +
                                       key), 'shape', None) != own[key].shape
        ]
        if wrong:
            raise SettingError(
                f"init: expected all weights of an HRNet of width "
                f"{self.space.width}, as {prefix}{wrong[0]}; "
                f"{len(wrong)} are missing or of another shape")
