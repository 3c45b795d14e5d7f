"""The heads of the frames after a key frame."""
from copy import deepcopy
from typing import Any, Dict, Mapping, Sequence, Union

from scalenas_mm.backbones import Frames
from scalenas_mm.ops import joined
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import (ElasticHeadsCost, SettingError, TViPNASArch,
                                TViPNASSpace, ViPNASArch)

Cfg = Mapping[str, Any]


class TemporalHeads(Frames):
    """A heatmap head for each frame.

    Args:
        head (dict | Sequence[dict]): Config of all, which then have one set
            of parameters and follow the architectures of their maps, such as
            ``ElasticHeatmapHead``; or of each.
        num_frames (int): How many.
        key (nn.Module): Backbone of the key frame, for the cost of it.

    Raises:
        SettingError: There are more or fewer of them than frames, or one for
            all does not follow architectures.
    """

    def __init__(self, head: Union[Cfg, Sequence[Cfg]], num_frames: int,
                 key: Any):
        self.elastic = isinstance(head, Mapping)
        cfgs = [head] * num_frames if self.elastic else list(head)
        if len(cfgs) != num_frames:
            raise SettingError(
                'head', f'one, or one for each of {num_frames} '
                'frames', f'{len(cfgs)} of them')
        super().__init__([MODELS.build(deepcopy(cfg)) for cfg in cfgs],
                         self.elastic)
        if self.elastic and not hasattr(self[0], 'parts'):
            raise SettingError(
                'head.type', 'one that follows architectures, such as '
                'scalenas_mm.ElasticHeatmapHead, or a list with one for '
                'each frame',
                type(self[0]).__name__)
        self.key_space = getattr(key, 'space', None)
        self.key_arch = getattr(key, 'arch', None)

    def parts(self, arch: TViPNASArch) -> Dict[str, Any]:
        """Where the weights behind each frame lie in those here."""
        if not self.elastic:
            return {key: ... for key in self.state_dict()}
        return joined({
            f'{t}': head.parts(frame.network)
            for t, (head, frame) in enumerate(zip(self, arch.frames))
        })

    def cost(self, space: TViPNASSpace) -> ElasticHeadsCost:
        """Their closed-form cost."""
        key: Dict[str, Any] = {}
        if isinstance(self.key_arch, ViPNASArch) and self.key_arch.head:
            key = dict(key_space=self.key_space, key=self.key_arch)
        return ElasticHeadsCost(space, self[0].out_channels, **key)
