"""Heatmaps and tags at several resolutions."""
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import ModuleList, Sequential
from mmpose.models.heads.base_head import BaseHead
from mmpose.registry import MODELS
from torch import Tensor, nn

from scalenas_mm.ops import BasicBlock
from scalenas_mm.spaces import SettingError

# padding and output padding by which a transposed convolution of this kernel
# and stride 2 doubles a map
PADDING = {2: (0, 0), 3: (1, 1), 4: (1, 0)}
EACH = Union[Any, Sequence[Any]]


def per_stage(name: str, value: EACH, num_stages: int) -> List[Any]:
    """``value`` for every stage, or the values if it is a list of them.

    Raises:
        SettingError: As many values as stages were expected.
    """
    if not isinstance(value, (list, tuple)):
        return [value] * num_stages
    if len(value) != num_stages:
        raise SettingError(name, f'{num_stages} values, one a stage', value)
    return list(value)


class UpsampledStage(Sequential):
    """Doubles a map: a transposed convolution, then basic blocks.

    Args:
        in_channels (int): Of the map, with all that is concatenated to it.
        channels (int): Of the result.
        kernel_size (int): Of the transposed convolution: 2, 3 or 4.
        num_blocks (int): Number of basic blocks.
        norm_cfg (dict): Config of the norm layers.
    """

    def __init__(self, in_channels: int, channels: int, kernel_size: int,
                 num_blocks: int, norm_cfg: dict):
        if kernel_size not in PADDING:
            raise SettingError('deconv_kernel_sizes', '2, 3 or 4', kernel_size)
        padding, output_padding = PADDING[kernel_size]
        deconv = nn.ConvTranspose2d(
            in_channels,
            channels,
            kernel_size,
            stride=2,
            padding=padding,
            output_padding=output_padding,
            bias=False)
        norm = build_norm_layer(norm_cfg, channels)[1]
        super().__init__(
            nn.Sequential(deconv, norm, nn.ReLU(inplace=True)),
            *(nn.Sequential(BasicBlock(channels, norm_cfg))
              for _ in range(num_blocks)))


@MODELS.register_module()
class HigherResolutionHead(BaseHead):
    """HigherHRNet's head: heatmaps at 1/4 and above, tags at some of them.

    `HigherHRNet <https://arxiv.org/abs/1908.10357>`_, Sec. 3.2. The first
    stage is a convolution on the backbone's map of highest resolution. Every
    further one doubles the map, with the outputs of the stage before
    concatenated to it. Names of the weights are the released code's.

    Args:
        in_channels (int): Channels of the backbone's map.
        num_keypoints (int): Number of joints J.
        deconv_channels (Sequence[int]): Channels of every stage but the
            first.
        deconv_kernel_sizes (int | Sequence[int]): Their kernels: 2, 3 or 4.
        num_blocks (int | Sequence[int]): Their numbers of basic blocks.
        cat_output (bool | Sequence[bool]): Whether they see the outputs of
            the stage before.
        with_tags (bool | Sequence[bool]): Which of all stages gives tags.
            The released networks have them at 1/4 only.
        tag_per_keypoint (bool): Whether each joint has a tag map of its own,
            or all share one.
        kernel_size (int): Of the convolutions that give the outputs: 1 or 3.
        in_index (int): Which of the backbone's maps.
        norm_cfg (dict): Config of the norm layers.
        heatmap_loss (dict | list[dict | None]): Loss of the heatmaps, with
            the interface of mmpose's ``KeypointMSELoss``, or one for every
            stage; None leaves a stage's heatmaps untrained.
        tag_loss (dict): Loss of the tags: :class:`PullPushLoss`, or one with
            its interface, such as mmpose's ``AssociativeEmbeddingLoss``.
        init_cfg (dict | list[dict], optional): Initialisation, by default
            the released one.

    Raises:
        SettingError: An argument is not valid.
    """

    def __init__(self,
                 in_channels: int,
                 num_keypoints: int,
                 deconv_channels: Sequence[int] = (32, ),
                 deconv_kernel_sizes: EACH = 4,
                 num_blocks: EACH = 4,
                 cat_output: EACH = True,
                 with_tags: EACH = (True, False),
                 tag_per_keypoint: bool = True,
                 kernel_size: int = 1,
                 in_index: int = 0,
                 norm_cfg: dict = dict(type='BN'),
                 heatmap_loss: EACH = dict(type='KeypointMSELoss'),
                 tag_loss: dict = dict(type='PullPushLoss'),
                 init_cfg: Optional[Union[dict, list]] = None):
        if init_cfg is None:
            init_cfg = [
                dict(
                    type='Normal',
                    std=0.001,
                    layer=['Conv2d', 'ConvTranspose2d']),
                dict(type='Constant', val=1, layer='_BatchNorm')
            ]
        super().__init__(init_cfg)
        if kernel_size not in (1, 3):
            raise SettingError('kernel_size', '1 or 3', kernel_size)
        more = len(deconv_channels)
        self.num_stages = more + 1
        self.num_keypoints = num_keypoints
        self.tag_per_keypoint = tag_per_keypoint
        self.num_tags = num_keypoints if tag_per_keypoint else 1
        self.in_channels = in_channels
        self.in_index = in_index
        self.with_tags = per_stage('with_tags', with_tags, self.num_stages)
        self.cat_output = per_stage('cat_output', cat_output, more)
        self._build(
            deconv_channels,
            per_stage('deconv_kernel_sizes', deconv_kernel_sizes, more),
            per_stage('num_blocks', num_blocks, more), kernel_size, norm_cfg)
        losses = per_stage('heatmap_loss', heatmap_loss, self.num_stages)
        self.heatmap_losses = nn.ModuleDict({
            str(i): MODELS.build(cfg)
            for i, cfg in enumerate(losses) if cfg
        })
        self.tag_loss = MODELS.build(tag_loss)

    def _build(self, channels: Sequence[int], kernels: List[int],
               blocks: List[int], kernel_size: int, norm_cfg: dict) -> None:
        outputs = [
            self.num_keypoints + self.num_tags * tags
            for tags in self.with_tags
        ]
        inputs = [self.in_channels, *channels]
        self.final_layers = ModuleList([
            nn.Conv2d(
                inputs[i], outputs[i], kernel_size, padding=kernel_size // 2)
            for i in range(self.num_stages)
        ])
        self.deconv_layers = ModuleList([
            UpsampledStage(inputs[i] + outputs[i] * self.cat_output[i],
                           channels[i], kernels[i], blocks[i], norm_cfg)
            for i in range(len(channels))
        ])

    def forward(self, feats: Sequence[Tensor]) -> List[Tensor]:
        """Outputs of every stage, at strides 4, 2, ...

        Args:
            feats (Sequence[Tensor]): The backbone's maps; that of
                ``in_index`` is ``(N, in_channels, h, w)``.

        Returns:
            list[Tensor]: ``(N, J + T, h, w)``, ``(N, J, 2 h, 2 w)``, ...:
            J heatmaps and, in stages with tags, T tag maps after them.
        """
        x = feats[self.in_index]
        outputs = [self.final_layers[0](x)]
        for cat, stage, final in zip(self.cat_output, self.deconv_layers,
                                     self.final_layers[1:]):
            x = stage(torch.cat((x, outputs[-1]), 1) if cat else x)
            outputs.append(final(x))
        return outputs

    def loss(self,
             feats: Sequence[Tensor],
             batch_data_samples: Sequence[Any],
             train_cfg: dict = {}) -> Dict[str, Tensor]:
        """Losses of all stages; their sum is the total.

        Args:
            feats (Sequence[Tensor]): The backbone's maps.
            batch_data_samples (Sequence[PoseDataSample]): With the targets of
                :class:`HigherResolutionHeatmaps` and the masks of
                :class:`HeatmapMasks`.
            train_cfg (dict): Not used.

        Returns:
            dict: ``loss_heatmap_I`` of stage I, ``loss_pull_I`` and
            ``loss_push_I`` if it has tags.
        """
        outputs = self.forward(feats)
        fields = [sample.gt_fields for sample in batch_data_samples]
        losses = {}
        for i, output in enumerate(outputs):
            heatmaps, tags = self.split(output)
            if str(i) in self.heatmap_losses:
                losses[f'loss_heatmap_{i}'] = self.heatmap_losses[str(i)](
                    heatmaps,
                    torch.stack([field.heatmaps[i] for field in fields]),
                    mask=torch.stack(
                        [field.heatmap_mask[i] for field in fields]))
            if tags is not None:
                labels = [
                    sample.gt_instance_labels.keypoint_indices[:, i]
                    for sample in batch_data_samples
                ]
                losses[f'loss_pull_{i}'], losses[f'loss_push_{i}'] = (
                    self.tag_loss(tags, labels))
        return losses

    def split(self, output: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        """Heatmaps and tags, each ``(N, J, h, w)``, of a stage's output; a
        tag map that all joints share is repeated. None without tags."""
        number = self.num_keypoints
        if output.shape[1] == number:
            return output, None
        tags = output[:, number:]
        return output[:, :number], tags.expand(-1, number, -1, -1)

    def predict(self,
                feats: Any,
                batch_data_samples: Any,
                test_cfg: dict = {}) -> Any:
        """People are read off the outputs by :class:`.HigherHRNet`, the
        estimator, which also aggregates mirror images and scales."""
        raise NotImplementedError(
            'HigherResolutionHead: test with the estimator HigherHRNet')
