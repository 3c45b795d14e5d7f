"""A heatmap head that follows the architecture of its backbone."""
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from mmpose.models.heads import HeatmapHead
from torch import Tensor, nn

from scalenas_mm.ops import ElasticConv2d, ElasticDeconvs, joined
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import (ArchError, ElasticHeadCost, ViPNASArch,
                                ViPNASSpace)

Sizes = Optional[Sequence[int]]


@MODELS.register_module()
class ElasticHeatmapHead(HeatmapHead):
    """mmpose's ``HeatmapHead`` with elastic transposed convolutions.

    Behind a supernet it runs what the architecture of the maps says
    (ViPNAS, Sec. 3.2, and Appendix A); behind any other backbone all of it.
    With ``deconv_out_channels=None`` only the last layer follows the width of
    the backbone.

    Args:
        in_channels (int): Most channels of the map.
        out_channels (int): Heatmaps.
        deconv_out_channels (Sequence[int], optional): Most channels of each
            transposed convolution.
        deconv_kernel_sizes (Sequence[int], optional): Largest kernel of each,
            2 or 4.
        deconv_num_groups (Sequence[int], optional): Fewest groups of each, at
            its most channels.
        arch (ViPNASArch | dict | str, optional): Fixed architecture, as that
            of the backbone, or a JSON file of one: what it says stands for
            the sizes above.
        **kwargs: As for ``HeatmapHead``, without intermediate convolutions.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 deconv_out_channels: Sizes = (256, 256, 256),
                 deconv_kernel_sizes: Sizes = (4, 4, 4),
                 deconv_num_groups: Sizes = (16, 16, 16),
                 arch: Any = None,
                 **kwargs: Any):
        if arch is not None:
            sizes = head_sizes(as_arch(arch))
            in_channels = sizes.pop('in_channels')
            deconv_out_channels, deconv_kernel_sizes, deconv_num_groups = (
                sizes.get(f'deconv_{key}')
                for key in ('out_channels', 'kernel_sizes', 'num_groups'))
        self._groups = deconv_num_groups
        super().__init__(in_channels, out_channels, deconv_out_channels,
                         deconv_kernel_sizes, **kwargs)
        width = (deconv_out_channels or [in_channels])[-1]
        self.final_layer = ElasticConv2d(width, out_channels, 1, bias=True)
        self.elastic = bool(deconv_out_channels)

    def _make_deconv_layers(self, in_channels: int,
                            layer_out_channels: Sequence[int],
                            layer_kernel_sizes: Sequence[int]) -> nn.Module:
        return ElasticDeconvs(in_channels, layer_out_channels,
                              layer_kernel_sizes, self._groups)

    def forward(self, feats: Tuple[Tensor, ...]) -> Tensor:
        """Heatmaps ``(N, K, H, W)`` of the last map."""
        x, arch = feats[-1], getattr(feats, 'arch', None)
        if self.elastic:
            x = self.deconv_layers(x, *(arch.head if arch else ()))
        return self.final_layer(x)

    def parts(self, arch: ViPNASArch) -> Dict[str, Any]:
        """Where the weights behind an architecture lie in those here."""
        parts, width = {}, arch.out_width
        if self.elastic:
            parts['deconv_layers'] = self.deconv_layers.slices(
                width, *arch.head)
            width = arch.head.width
        parts['final_layer'] = self.final_layer.slices(width)
        return joined(parts)

    def cost(self, space: ViPNASSpace) -> ElasticHeadCost:
        """Its closed-form cost."""
        return ElasticHeadCost(space, self.out_channels)

    @staticmethod
    def plain_cfg(cfg: Dict[str, Any], arch: ViPNASArch) -> Dict[str, Any]:
        """Config of mmpose's own head with the weights of :meth:`parts`."""
        out = {
            key: value
            for key, value in cfg.items()
            if key != 'arch' and not key.startswith('deconv_')
        }
        kind = 'HeatmapHead' if arch.head is None else 'ViPNASHead'
        return dict(out, type=f'mmpose.{kind}', **head_sizes(arch))


def head_sizes(arch: ViPNASArch) -> Dict[str, Any]:
    """Arguments of mmpose's ``ViPNASHead`` for an architecture; of its
    ``HeatmapHead`` if that has no transposed convolutions."""
    if arch.head is None:
        return dict(in_channels=arch.out_width, deconv_out_channels=None)
    width, kernel, groups = arch.head
    return dict(
        in_channels=arch.out_width,
        deconv_out_channels=[width] * len(groups),
        deconv_kernel_sizes=[kernel] * len(groups),
        deconv_num_groups=list(groups))


def as_arch(source: Any) -> ViPNASArch:
    """An architecture from a value, a dict or a JSON file.

    Raises:
        ArchError: The source is none of these.
    """
    if isinstance(source, ViPNASArch):
        return source
    if isinstance(source, Mapping):
        return ViPNASArch.from_dict(source)
    if not isinstance(source, (str, Path)) or not Path(source).is_file():
        raise ArchError('head.arch', 'a dict or a JSON file', source)
    return ViPNASArch.from_json(Path(source).read_text())
