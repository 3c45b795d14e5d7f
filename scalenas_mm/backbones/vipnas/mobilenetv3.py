"""The MobileNet-V3 of ViPNAS (table A1)."""
import re
from typing import Any, Dict, Optional, Tuple

from mmcv.cnn import build_activation_layer
from torch import Tensor, nn

from scalenas_mm.ops import ElasticConvNorm, ElasticMobileBlock, joined
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ViPNASBranch
from ..base import SHARED, Index
from .base import Chain

# mmpose numbers blocks through all stages
BLOCK = re.compile(
    r'layer(\d+)\.(expand_conv|depthwise_conv|se|linear_conv)\.')


@MODELS.register_module()
class ViPNASMobileNetV3(Chain):
    """A MobileNet-V3 with squeeze-and-excitation on the expanded
    channels.

    `ViPNAS <https://arxiv.org/abs/2105.10154>`_. Weights of mmpose's
    ``ViPNAS_MobileNetV3`` load into a fixed network, with
    ``arch='published'`` its published ones.

    Args:
        *args, **kwargs: As for :class:`~.base.ViPNASBackbone`.
    """
    family = 'mobilenetv3'

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._register_load_state_dict_pre_hook(self._rename_mmpose)

    def _build_stem(self, channels: int) -> None:
        self.conv1 = ElasticConvNorm(self.norm_cfg, self.space.in_channels,
                                     channels, 3, 2)
        self.act = build_activation_layer(dict(type='HSwish'))

    def stem_layers(self) -> Tuple[nn.Module, nn.Module]:
        return self.conv1.conv, self.conv1.bn

    def _block(self, source: int, branch: ViPNASBranch, stride: int,
               projection: Optional[bool], choices: Any) -> nn.Module:
        return ElasticMobileBlock(
            source,
            branch.width,
            branch.middle,
            branch.kernel,
            branch.groups,
            stride,
            attention=self._attention(branch),
            expand=choices.branches[0].expansion != (1, ),
            act_cfg=dict(type=choices.activation),
            norm_cfg=self.norm_cfg,
            with_cp=self.with_cp)

    @staticmethod
    def _part(branch: ViPNASBranch) -> Tuple[int, ...]:
        return (branch.width, branch.middle, branch.kernel, branch.groups,
                branch.attention)

    def _run_stem(self, x: Tensor, channels: int) -> Tensor:
        return self.act(self.conv1(x, channels))

    def _slices_of_stem(self, channels: int) -> Dict[str, Index]:
        image = self.space.in_channels
        return joined({'conv1': self.conv1.slices(image, channels)})

    def mmpose_names(self) -> Dict[str, str]:
        """``layer5`` of mmpose to ``layer2.3`` here, of a fixed network."""
        places = [
            f'layer{i}.{d}' for i, stage in enumerate(self.arch.stages, 1)
            for d in range(stage.depth)
        ]
        return {f'layer{i}': place for i, place in enumerate(places, 1)}

    def _rename_mmpose(self, state_dict: dict, prefix: str, *args: Any):
        """Give mmpose's blocks the names they have here."""
        if self.kind == SHARED:
            return
        names = self.mmpose_names()
        for key in list(state_dict):
            found = BLOCK.match(key[len(prefix):])
            if key.startswith(prefix) and found:
                old = f'layer{found[1]}'
                new = key[len(prefix) + len(old):]
                state_dict[prefix + names.get(old, old) +
                           new] = state_dict.pop(key)
