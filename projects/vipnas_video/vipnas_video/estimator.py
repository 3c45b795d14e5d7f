"""Poses in clips: a key frame, and what follows from it."""
from typing import Any, Dict, List, Optional, Sequence, Union

import torch
from mmengine.model import BaseModel
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from torch import Tensor

from projects.vipnas.vipnas import ElasticHeatmapHead
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError
from .heads import TemporalHeads

Samples = List[Any]


@MODELS.register_module()
class TViPNet(BaseModel):
    """Poses of a person in a clip (ViPNAS, Sec. 3.1 and 3.4.2, figures 2 and
    3).

    A frozen network gives the heatmaps of the key frame, S-ViPNet; those of
    each further frame come from its image and the heatmaps before, T-ViPNet.
    Gradients flow through the chain of heatmaps, but not into the key frame's.

    Args:
        key (dict): Config of a top-down estimator with a heatmap head. It is
            not trained. With ``init_cfg`` of type ``Pretrained`` it begins
            with its weights.
        backbone (dict): Config of a
            :class:`~scalenas_mm.backbones.TViPNAS`.
        head (dict | Sequence[dict]): See :class:`TemporalHeads`.
        detach (bool): No gradients between frames.
        from_key (bool): Networks of the frames begin with the weights of the
            key frame's, which has the architecture of the largest of them.
            With the fusion as it begins, all frames then give what it gives.
        test_cfg (dict, optional): As of every pose estimator, but without a
            flip test: heatmaps go on as they are.
        data_preprocessor (dict, optional): A :class:`ClipPreprocessor`.
        init_cfg (dict, optional): Initialisation.
        metainfo (dict, optional): Of the data set.

    Inputs are ``(N, T + 1, 3, H, W)``, the key frame first.

    Raises:
        SettingError: An argument is not valid.
    """
    # a network with an architecture of its own
    independent = ('key', )

    def __init__(self,
                 key: dict,
                 backbone: dict,
                 head: Union[dict, Sequence[dict]],
                 detach: bool = False,
                 from_key: bool = True,
                 test_cfg: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None,
                 metainfo: Optional[dict] = None):
        super().__init__(data_preprocessor, init_cfg)
        self.metainfo = metainfo and parse_pose_metainfo(metainfo)
        self.test_cfg = test_cfg or {}
        self.backbone = MODELS.build(backbone)
        if self.test_cfg.get('flip_test'):
            raise SettingError('test_cfg.flip_test', 'False, heatmaps go on '
                               'as they are', True)
        self.key = MODELS.build(key)
        self.key.requires_grad_(False).eval()
        self.num_frames = self.backbone.space.num_frames
        self.heads = TemporalHeads(head, self.num_frames, self.key.backbone)
        heatmaps = self.backbone.space.heatmaps
        for name, one in (('key.head', self.key.head), ('head',
                                                        self.heads[0])):
            if one.out_channels != heatmaps:
                raise SettingError(f'{name}.out_channels',
                                   f'{heatmaps}, as backbone.heatmaps',
                                   one.out_channels)
        self.detach = detach
        self.from_key = from_key

    def init_weights(self) -> None:
        super().init_weights()
        if self.from_key:
            self.start_from_key()

    def start_from_key(self) -> None:
        """Give all frames the weights and statistics of the key frame.

        Raises:
            SettingError: Its networks are others.
        """
        pairs = [(self.key.backbone, frame.network)
                 for frame in self.backbone.frames]
        pairs += [(self.key.head, head) for head in self.heads]
        for source, target in pairs:
            try:
                target.load_state_dict(source.state_dict())
            except RuntimeError as error:
                reason = ' '.join(str(error).split())
                raise SettingError(
                    'from_key', 'a key frame whose network is the largest of '
                    'the others (backbone.within), or False',
                    f'{reason:.200}') from None

    def train(self, mode: bool = True) -> 'TViPNet':
        """Train, but keep the key frame's network as it is."""
        super().train(mode)
        self.key.eval()
        return self

    @torch.no_grad()
    def key_heatmaps(self, images: Tensor) -> Tensor:
        """Heatmaps ``(N, K, h, w)`` of key frames ``(N, 3, H, W)``."""
        return self.key(images, None, 'tensor')

    def next_heatmaps(self, images: Tensor, heatmaps: Tensor,
                      frame: int) -> Tensor:
        """Heatmaps of a frame.

        Args:
            images (Tensor): ``(N, 3, H, W)``.
            heatmaps (Tensor): Of the frame before, ``(N, K, h, w)``.
            frame (int): Which one, 0 for the first after the key frame.
        """
        maps = self.backbone(images, heatmaps, frame)
        return self.heads[frame].forward(maps)

    def forward(self,
                inputs: Tensor,
                data_samples: Optional[Samples] = None,
                mode: str = 'tensor') -> Any:
        """As of every model of OpenMMLab.

        Args:
            inputs (Tensor): Clips ``(N, T + 1, 3, H, W)``.
            data_samples (list, optional): Of each clip one, whose ``frames``
                are those of its frames.
            mode (str): ``loss``, ``predict`` or ``tensor``: heatmaps ``(N,
                T + 1, K, h, w)``.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        return torch.stack(self.heatmaps(inputs), 1)

    def heatmaps(self, inputs: Tensor) -> List[Tensor]:
        """Heatmaps ``(N, K, h, w)`` of each frame."""
        if inputs.dim() != 5 or inputs.shape[1] != self.num_frames + 1:
            raise SettingError('inputs', f'clips of {self.num_frames + 1} '
                               'frames', tuple(inputs.shape))
        out = [self.key_heatmaps(inputs[:, 0])]
        for t in range(self.num_frames):
            past = out[-1].detach() if self.detach else out[-1]
            out.append(self.next_heatmaps(inputs[:, t + 1], past, t))
        return out

    def loss(self, inputs: Tensor, data_samples: Samples) -> Dict[str, Tensor]:
        """The loss of the head in each frame but the key frame (Eq. 1).

        They are ``loss_kpt_1`` and so on; their sum is trained.
        """
        losses = {}
        every = self.heatmaps(inputs)
        for t, (heatmaps, head) in enumerate(zip(every[1:], self.heads), 1):
            frames = [sample.frames[t] for sample in data_samples]
            truth = torch.stack([one.gt_fields.heatmaps for one in frames])
            weights = torch.cat(
                [one.gt_instance_labels.keypoint_weights for one in frames])
            losses[f'loss_kpt_{t}'] = head.loss_module(heatmaps,
                                                       truth.to(heatmaps),
                                                       weights.to(heatmaps))
        return losses

    def predict(self, inputs: Tensor, data_samples: Samples) -> Samples:
        """Poses of all frames, in ``pred_instances`` of the frames of each
        sample."""
        for t, heatmaps in enumerate(self.heatmaps(inputs)):
            self.decode(heatmaps, [one.frames[t] for one in data_samples])
        return data_samples

    def decode(self, heatmaps: Tensor, frames: Samples) -> Samples:
        """Poses in image space, in ``pred_instances`` of samples of frames."""
        poses = self.key.head.decode(heatmaps)
        return self.key.add_pred_to_datasample(poses, None, frames)

    @staticmethod
    def plain_cfg(cfg: Dict[str, Any], arch: Any) -> Dict[str, Any]:
        """Config of a model of fixed networks: each frame has a plain head."""
        head, key = cfg['head'], dict(cfg['key'], init_cfg=None)
        if not isinstance(head, (list, tuple)):
            head = [
                ElasticHeatmapHead.plain_cfg(head, frame.network)
                for frame in arch.frames
            ]
        return dict(cfg, head=head, key=key)
