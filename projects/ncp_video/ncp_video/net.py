"""NCP's network for clips of frames."""
from typing import Any, Optional, Tuple, Union

from mmcv.cnn import build_norm_layer
from mmengine.model import Sequential
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from scalenas_mm.backbones import NCPNet


@MODELS.register_module()
class NCPVideoNet(NCPNet):
    """:class:`NCPNet` whose last convolution sees neighbouring frames.

    NCP, appendix A.1 and table 9: the last 2-D convolution before the
    classifier, the 1x1 on the concatenated branches, gives way to a 3-D one
    of 3x3x3. All other layers run frame by frame and have NCPNet's names, so
    that its weights load; the 3-D convolution is :attr:`temporal`.

    Args:
        arch: As in :class:`NCPNet`.
        norm_cfg (dict): Config of the norm layers; the one after the 3-D
            convolution is of the same kind.
        init_cfg (dict | list[dict], optional): Initialisation.
        **kwargs: Other arguments of :class:`NCPNet`.
    """

    def __init__(self,
                 arch: Any = 'initial',
                 norm_cfg: dict = dict(type='BN', requires_grad=True),
                 init_cfg: Optional[Union[dict, list]] = None,
                 **kwargs: Any):
        if init_cfg is None:
            init_cfg = [
                dict(type='Kaiming', layer=['Conv2d', 'Conv3d']),
                dict(type='Constant', val=1, layer='_BatchNorm')
            ]
        super().__init__(
            arch,
            output_stride=32,
            norm_cfg=norm_cfg,
            init_cfg=init_cfg,
            **kwargs)
        out = self.arch.output
        norm3d = dict(type='BN3d') if norm_cfg['type'] == 'BN' else {}
        self.temporal = Sequential(
            nn.Conv3d(
                self.project[0].in_channels, out, 3, padding=1, bias=False),
            build_norm_layer(dict(norm_cfg, **norm3d), out)[1],
            nn.ReLU(inplace=True))
        self.project = nn.Identity()

    def forward(self, clips: Tensor) -> Tuple[Tensor]:
        """Map ``(N, T, 3, H, W)`` to one map ``(N, out, T, H/32, W/32)``."""
        maps, = super().forward(clips.flatten(0, 1))
        return (self.temporal(
            maps.unflatten(0, clips.shape[:2]).transpose(1, 2)), )
