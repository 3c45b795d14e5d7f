"""The network of convolutions and lightweight transformers of HR-NAS."""
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import torch
from mmengine.model import ModuleList, Sequential
from torch import Tensor, nn

from scalenas_mm.ops import SearchingBlock
from scalenas_mm.ops.slicing import Cut, apply_cuts_, planned_cuts
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ArchError, HRNASArch, HRNASSpace, SettingError
from scalenas_mm.spaces.settings import probability
from .base import SHRINKING, Index, SearchableBackbone
from .hrnas_folding import Changed, Folding
from .hrnas_layers import (UPSAMPLING, Blocks, ClassificationHead, DenseHead,
                           HRNASFusion, HRNASStage, PlainHead, conv_norm_act)
from .hrnas_parts import best, block_parts, chosen, counts

Scores = Mapping[str, Tensor]
# importance factors of a searching block
UNITS, TOKENS = 'mix.norm.weight', 'transformer.input_norm.weight'


@MODELS.register_module()
class HRNAS(SearchableBackbone):
    """Parallel branches of searching blocks, which get smaller in training.

    `HR-NAS <https://arxiv.org/abs/2106.06560>`_, Sec. 3.2 and Figure 5. Two
    strided 3x3 convolutions, then stages of a fusion module and branches of
    searching blocks, then a head. Built from the largest architecture it is
    the supernet, of kind ``shrinking``: :meth:`shrink` removes channels of
    its convolutions and tokens of its transformers for good.

    Args:
        arch (HRNASArch | dict | str, optional): A value, its dict, a JSON
            file, ``max`` or ``min``. Defaults to the largest.
        norm_cfg (dict): Config of the norm layers of convolutions. The
            default is the released code's for classification and
            segmentation; for poses it uses ``dict(type='BN')``.
        act_cfg (dict): Config of all activations outside the transformers.
        upsample (str): How fusions enlarge maps: ``nearest``, ``bilinear``,
            or ``released``: nearest by a factor of 2, then bilinear to the
            target's size, which differs from ``nearest`` where a side is odd.
            The paper does not say.
        dropout (float): Probability of dropping a channel of the output,
            with the head ``classification``.
        with_cp (bool): Recompute activations of blocks to save memory.
        channels_last (bool): Hold maps with their channels last in memory.
            On CPUs, depthwise convolutions learn several times as fast so.
        init_cfg (dict | list[dict], optional): Initialisation. Defaults to
            the released code's for classification and segmentation; for poses
            it uses ``dict(type='scalenas_mm.HRNASInit', rule='pose')``.
        space: All other arguments are those of :class:`HRNASSpace`.

    Raises:
        SettingError: An argument is not valid.
        ArchError: The architecture is not.
    """
    largest = SHRINKING

    def __init__(self,
                 arch: Any = None,
                 norm_cfg: dict = dict(type='BN', eps=1e-3, momentum=.01),
                 act_cfg: dict = dict(type='ReLU'),
                 upsample: str = 'nearest',
                 dropout: float = 0.0,
                 with_cp: bool = False,
                 channels_last: bool = False,
                 init_cfg: Optional[Union[dict, list]] = None,
                 **space: Any):
        if init_cfg is None:
            init_cfg = dict(type='scalenas_mm.HRNASInit', rule='mnas')
        super().__init__(HRNASSpace(**space), arch, init_cfg)
        self.space: HRNASSpace
        self._built: HRNASArch
        if upsample not in UPSAMPLING:
            raise SettingError('upsample', f'one of {UPSAMPLING}', upsample)
        if probability('dropout',
                       dropout) and self.space.head != 'classification':
            raise SettingError('dropout',
                               '0 unless the head is classification', dropout)
        self.channels_last = channels_last
        self._build(
            self._blocks(norm_cfg, act_cfg, with_cp), norm_cfg, act_cfg,
            upsample, dropout)

    # -- construction -----------------------------------------------------
    def _blocks(self, norm_cfg: dict, act_cfg: dict, with_cp: bool) -> Blocks:
        """The searching blocks of all places, by name."""
        space, arch = self.space, self._built
        return {
            place.name:
            SearchingBlock(place.in_channels, place.out_channels, channels,
                           tokens, place.stride, space.kernels,
                           space.transformer, space.se_ratio, norm_cfg,
                           act_cfg, with_cp)
            for place, channels, tokens in zip(space.places, arch.channels,
                                               arch.tokens)
        }

    def _build(self, blocks: Blocks, norm_cfg: dict, act_cfg: dict,
               upsample: str, dropout: float) -> None:
        space = self.space
        first, second = space.stem
        self.stem = Sequential(
            conv_norm_act(space.in_channels, first, 3, 2, norm_cfg, act_cfg),
            conv_norm_act(first, second, 3, 2, norm_cfg, act_cfg))
        self.stages = ModuleList()
        sources = 1
        for s, depths in enumerate(space.blocks):
            fusion = _below(f'stages.{s}.fusion.', blocks)
            self.stages.append(
                HRNASStage(
                    HRNASFusion(fusion, sources, len(depths), upsample,
                                act_cfg), [[
                                    blocks[f'stages.{s}.branches.{b}.{k}']
                                    for k in range(depth)
                                ] for b, depth in enumerate(depths)]))
            sources = len(depths)
        self.head: nn.Module = PlainHead()
        if space.head == 'dense':
            self.head = DenseHead(blocks['head.project'])
        elif space.head == 'classification':
            final = conv_norm_act(*space.head_channels[-2:], 1, 1, norm_cfg,
                                  act_cfg)
            self.head = ClassificationHead(
                list(_below('head.increase.', blocks).values()),
                list(_below('head.down.', blocks).values()), final, dropout)

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Map ``(N, 3, H, W)`` to the head's maps.

        ``dense``: one map at a quarter of the image. ``classification``: one
        map at the resolution of the last branch. ``none``: that of every
        branch, the first at a quarter, each further one at half of the one
        before. Odd sides are rounded up.
        """
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        maps = [self.stem(x)]  # None for branches that have ended
        for stage in self.stages:
            maps = stage(maps)
        return self.head(maps)

    # -- shrinking --------------------------------------------------------
    def _block(self, i: int) -> SearchingBlock:
        return self.get_submodule(self.space.places[i].name)

    def gammas(self) -> Dict[str, nn.Parameter]:
        """Importance factors by the names of their parameters.

        Of a block's units first, kernel by kernel, then of its tokens (HR-NAS,
        Sec. 3.3); blocks in the order of the space.
        """
        parameters = dict(self.named_parameters())
        names = [
            f'{place.name}.{key}' for place in self.space.places
            for key in (UNITS, TOKENS)
        ]
        return {name: parameters[name] for name in names if name in parameters}

    def _scores(self, scores: Optional[Scores]) -> Dict[str, Tensor]:
        """Scores of all units and tokens on the CPU."""
        gammas = self.gammas()
        if scores is None:
            scores = {k: gamma.detach().abs() for k, gamma in gammas.items()}
        for key, gamma in gammas.items():
            found = scores[key].shape if key in scores else None
            if found != gamma.shape:
                raise SettingError(f'scores[{key}]',
                                   f'shape {tuple(gamma.shape)}', found
                                   and tuple(found))
        return {key: scores[key].detach().cpu() for key in gammas}

    def surviving(self,
                  scores: Optional[Scores] = None,
                  threshold: float = 1e-3) -> HRNASArch:
        """What is left when units and tokens of low score go.

        Args:
            scores (Mapping[str, Tensor], optional): By the names of
                :meth:`gammas`. Defaults to the absolute importance factors.
            threshold (float): What has a score above it stays.
        """
        values = self._scores(scores)
        channels, tokens = [], []
        for place, row, num in zip(self.space.places, self._built.channels,
                                   self._built.tokens):
            units = values.get(f'{place.name}.{UNITS}')
            channels.append(
                row if units is None else counts(units, row, threshold))
            left = values.get(f'{place.name}.{TOKENS}')
            tokens.append(0 if left is
                          None else counts(left, [num], threshold)[0])
        return HRNASArch(tuple(channels), tuple(tokens))

    def parts(self,
              arch: HRNASArch,
              scores: Optional[Scores] = None) -> Dict[str, Index]:
        """Where every entry of a smaller network's state dict lies here.

        Of each kernel, and of the tokens, those of the highest score stay, of
        equal ones the first, in their order.

        Args:
            arch (HRNASArch): With no more anywhere than :attr:`arch`.
            scores (Mapping[str, Tensor], optional): As :meth:`surviving`.

        Raises:
            ArchError: ``arch`` has more, or is not in the space.
            SettingError: A score is missing or has another shape.
        """
        self._check_smaller(arch)
        out: Dict[str, Index] = dict.fromkeys(self.state_dict(), ...)
        if arch == self._built:
            return out
        values = self._scores(scores)
        for i, place in enumerate(self.space.places):
            block = self._block(i)
            new = block_parts(block, *self._kept(i, arch, values))
            for key in block.state_dict():
                if key not in new:
                    del out[f'{place.name}.{key}']
            out.update({f'{place.name}.{key}': v for key, v in new.items()})
        return out

    def _kept(self, i: int, arch: HRNASArch, scores: Scores) -> Tuple:
        """Units by kernel, and tokens, that a block keeps."""
        name = self.space.places[i].name
        units: Dict[str, List[int]] = {}
        tokens: List[int] = []
        if any(self._built.channels[i]):
            kept = chosen(scores[f'{name}.{UNITS}'], self._built.channels[i],
                          arch.channels[i])
            units = dict(zip(map(str, self.space.kernels), kept))
        if self._built.tokens[i]:
            tokens = best(scores[f'{name}.{TOKENS}'], arch.tokens[i])
        return units, tokens

    def shrink(self, arch: Any, scores: Optional[Scores] = None) -> List[Cut]:
        """Remove what a smaller architecture does not have.

        Parameters that change are new objects; :func:`cut_` says what becomes
        of hooks, devices and memory.

        Args:
            arch (HRNASArch | dict | str): As :meth:`parts`.
            scores (Mapping[str, Tensor], optional): As :meth:`surviving`.

        Returns:
            list[Cut]: What was done to each tensor, for optimisers and
            averages.

        Raises:
            ArchError: The network is fixed, or as :meth:`parts`.
        """
        arch = self.space.resolve(arch)
        if self.kind != SHRINKING and arch != self._built:
            raise ArchError(
                'arch', f'{self._built.digest}, which this '
                f'{self.kind} network was built with', arch.digest)
        cuts = planned_cuts(self, self.parts(arch, scores))
        self.become(arch, cuts)
        return cuts

    def become(self, arch: HRNASArch, cuts: Sequence[Cut]) -> None:
        """Be ``arch`` by cuts that were planned on its :meth:`parts`."""
        apply_cuts_(self, cuts)
        self._built = self._arch = arch

    def fold_dead(self, parts: Mapping[str, Index]) -> Changed:
        """Keep the constants that units emit which are about to go.

        Args:
            parts (Mapping[str, Any]): From :meth:`parts`. See
                :class:`Folding` for what is exact.

        Returns:
            list[tuple]: Tensors that were changed and what they were.
        """
        return Folding(self, parts).run()

    def _check_smaller(self, arch: HRNASArch) -> None:
        self.space.check(arch)
        for i, place in enumerate(self.space.places):
            new = (*arch.channels[i], arch.tokens[i])
            old = (*self._built.channels[i], self._built.tokens[i])
            if any(a > b for a, b in zip(new, old)):
                raise ArchError(f'channels and tokens of {place.name}',
                                f'at most {old}, which the network has', new)


def _below(prefix: str, blocks: Blocks) -> Blocks:
    """Blocks whose name begins with ``prefix``, by the rest of it."""
    return {
        name[len(prefix):]: block
        for name, block in blocks.items() if name.startswith(prefix)
    }
