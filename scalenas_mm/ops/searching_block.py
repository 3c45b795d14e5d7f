"""The searching block of HR-NAS."""
from math import gcd
from typing import Any, Optional, Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from .lightweight_transformer import LightweightTransformer
from .mix_conv import MixConv
from .recompute import recomputed


class SearchingBlock(BaseModule):
    """Shortcut, mixed convolution and lightweight transformer, added up.

    HR-NAS, Sec. 3.2 and Figure 3: both paths see the input. The paper leaves
    open what the shortcut is where stride or width changes; as in the
    released code it is one 1x1 convolution in as many groups as fit, without
    bias and norm.

    A block without units and tokens is its shortcut; where that is the
    identity, the output is the input tensor itself.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        channels (Sequence[int]): Channels of the depthwise convolution of
            each kernel size.
        tokens (int): Tokens of the transformer; 0 for none.
        stride (int): 1 or 2.
        kernels (Sequence[int]): Kernel sizes, odd.
        transformer (str | dict | TransformerSettings): Its settings.
        se_ratio (float): As :class:`MixConv`.
        norm_cfg (dict): Config of the norm layers of the convolutions.
            Those of the transformer have the same type of batch norm.
        act_cfg (dict): Config of their activations.
        with_cp (bool): Recompute activations to save memory.
    """

    stays_when_empty = True  # as its shortcut; see slicing.cut_

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 channels: Sequence[int],
                 tokens: int = 0,
                 stride: int = 1,
                 kernels: Sequence[int] = (3, 5, 7),
                 transformer: Any = 'paper',
                 se_ratio: float = 0.0,
                 norm_cfg: dict = dict(type='BN'),
                 act_cfg: dict = dict(type='ReLU'),
                 with_cp: bool = False):
        super().__init__()
        self.with_cp = with_cp
        self.shortcut: Optional[nn.Conv2d] = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(
                in_channels,
                out_channels,
                1,
                stride,
                groups=gcd(in_channels, out_channels),
                bias=False)
        self.mix: Optional[MixConv] = None
        if any(channels):
            self.mix = MixConv(in_channels, channels, out_channels, stride,
                               kernels, norm_cfg, act_cfg, se_ratio)
        self.transformer: Optional[LightweightTransformer] = None
        if tokens:
            # with its own defaults, as in the released code
            kind = norm_cfg['type']
            self.transformer = LightweightTransformer(
                in_channels, tokens, out_channels, stride, transformer,
                dict(type=kind if 'BN' in kind else 'BN'))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, C, H, W)`` to ``(N, C', ceil(H / s), ceil(W / s))``."""
        if self.with_cp and self.training and x.requires_grad:
            return recomputed(self, self._sum, x)
        return self._sum(x)

    def _sum(self, x: Tensor) -> Tensor:
        out = x if self.shortcut is None else self.shortcut(x)
        if self.transformer is not None:
            out = out + self.transformer(x)
        if self.mix is not None:
            out = out + self.mix(x)
        return out
