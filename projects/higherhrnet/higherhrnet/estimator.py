"""The bottom-up estimator that tests with several scales and mirror images."""
from collections import defaultdict
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models.pose_estimators import BottomupPoseEstimator
from mmpose.registry import MODELS
from torch import Tensor

from scalenas_mm.spaces import SettingError
from .aggregate import View, aggregate, mirrored_back, view
from .grouping import Grouping

Inputs = Union[Tensor, Sequence[Tensor]]
OPTIONS = dict(
    flip_test=True,
    project_to_input=True,
    with_heatmaps=None,
    with_tags=None,
    center=False,
    ignore_center=True,
    output_heatmaps=False,
    grouping=dict())


@MODELS.register_module()
class HigherHRNet(BottomupPoseEstimator):
    """Bottom-up estimator with HigherHRNet's way to test.

    `HigherHRNet <https://arxiv.org/abs/1908.10357>`_, Sec. 3.4. Heatmaps are
    the mean over the head's stages, over image and mirror image and over
    scales; tags are those of scale 1. Any backbone and any head that gives
    a list of maps, J heatmaps and tags, will do.

    A batch may hold images of different sizes: those of one size run
    together, and no padding is seen by the network. With
    :class:`.resize.PackScales` and :class:`.preprocessor.
    ScalesDataPreprocessor` it tests at several scales.

    ``test_cfg`` may have:

    - flip_test (bool): Also test the mirror image. Defaults to True.
    - project_to_input (bool): Group on maps of the size of the input at scale
      1, as released; otherwise of the largest maps. Defaults to True.
    - with_heatmaps (Sequence[bool]): Stages whose heatmaps are used. Defaults
      to all.
    - with_tags (Sequence[bool]): Stages whose tags are used. Defaults to all
      that have any.
    - center (bool): The head's last joint is the centre of a person.
    - ignore_center (bool): It is not used to group. Defaults to True.
    - output_heatmaps (bool): Results have the heatmaps, too.
    - grouping (dict): Arguments of :class:`.grouping.Grouping`.

    Args:
        args, kwargs: As for mmpose's ``BottomupPoseEstimator``.

    Raises:
        SettingError: ``test_cfg`` has something else.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        unknown = sorted(set(self.test_cfg) - set(OPTIONS))
        if unknown:
            raise SettingError('model.test_cfg', ', '.join(OPTIONS), unknown)
        self.options = {**OPTIONS, **self.test_cfg}
        kept = self.options['center'] and not self.options['ignore_center']
        self.grouping = Grouping(**{
            'center': kept,
            **self.options['grouping']
        })

    def forward(self,
                inputs: Inputs,
                data_samples: Any = None,
                mode: str = 'tensor') -> Any:
        """As of every estimator; only predictions use more than scale 1.

        Args:
            inputs (Tensor | list[Tensor]): ``(N, 3, H, W)``, or one such
                batch for every scale, that of scale 1 first.
            data_samples (list[PoseDataSample], optional): N of them.
            mode (str): ``loss``, ``predict`` or ``tensor``, which gives the
                head's list of maps.
        """
        if isinstance(inputs, Tensor):
            inputs = [inputs]
        if mode != 'predict':
            return super().forward(inputs[0], data_samples, mode)
        if self.metainfo is not None:
            for sample in data_samples:
                sample.set_metainfo(self.metainfo)
        return self.predict(inputs, data_samples)

    def extract_feat(self, inputs: Tensor) -> Any:
        """Maps of the backbone; channels are last in memory on a CPU, where
        convolutions with few of them then take a quarter less time."""
        if not inputs.is_cuda:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        return super().extract_feat(inputs)

    def predict(self, inputs: Sequence[Tensor],
                data_samples: Sequence[Any]) -> Sequence[Any]:
        """People of every image, in its own pixels.

        Args:
            inputs (Sequence[Tensor]): A batch ``(N, 3, H, W)`` for every
                scale, that of scale 1 first.
            data_samples (Sequence[PoseDataSample]): N of them, with
                flip_indices, input_size, input_center and input_scale.

        Returns:
            Sequence[PoseDataSample]: The same, with pred_instances: keypoints
            ``(P, J, 2)``, keypoint_scores ``(P, J)``, 0 where a joint is
            missing, and the people's scores as bbox_scores ``(P, )``.
        """
        people: List[Optional[InstanceData]] = [None] * len(data_samples)
        fields: List[Optional[PixelData]] = [None] * len(data_samples)
        for shapes, rows in _same_sizes(inputs, data_samples).items():
            images = [
                batch[rows, :, :height, :width]
                for batch, (height, width) in zip(inputs, shapes)
            ]
            maps = self._maps(images, data_samples[rows[0]])
            for row, heatmaps, tags in zip(rows, *maps):
                people[row] = self._people(heatmaps, tags, data_samples[row])
                fields[row] = PixelData(heatmaps=heatmaps)
        if not self.options['output_heatmaps']:
            fields = []
        return self.add_pred_to_datasample(people, fields, data_samples)

    def _maps(self, images: Sequence[Tensor],
              sample: Any) -> Tuple[Tensor, Tensor]:
        """Heatmaps ``(N, J, H, W)`` and tags ``(N, L, T, H, W)`` of images of
        one size at every scale."""
        size = None
        if self.options['project_to_input']:
            width, height = sample.input_size
            size = (int(height), int(width))
        # largest first, as released: sums are the same to the last digit
        order = sorted(
            range(len(images)), key=lambda i: -images[i].shape[2:].numel())
        views = [self._views(images[i], sample.flip_indices) for i in order]
        return aggregate(views, order.index(0), size)

    def _views(self, images: Tensor,
               flip_indices: Sequence[int]) -> List[View]:
        """What the network says about images, and about their mirrors."""
        joints = len(flip_indices) + self.options['center']
        outputs = [self._run(images)]
        if self.options['flip_test']:
            mirror = self._run(images.flip(-1))
            flip = [*flip_indices, *range(len(flip_indices), joints)]
            outputs.append(mirrored_back(mirror, flip))
        stages = len(outputs[0])
        for key in ('with_heatmaps', 'with_tags'):
            if self.options[key] and len(self.options[key]) != stages:
                raise SettingError(f'model.test_cfg.{key}',
                                   f'{stages} values, one a stage',
                                   self.options[key])
        heatmaps = self.options['with_heatmaps'] or [True] * stages
        tags = self.options['with_tags'] or [
            output.shape[1] > joints for output in outputs[0]
        ]
        drop = self.options['center'] and self.options['ignore_center']
        return [view(one, joints, heatmaps, tags, drop) for one in outputs]

    def _run(self, images: Tensor) -> List[Tensor]:
        """Outputs of the head, of single precision also where the network
        runs in half: people are read off them on the CPU, too."""
        return [one.float() for one in self.head(self.extract_feat(images))]

    def _people(self, heatmaps: Tensor, tags: Tensor,
                sample: Any) -> InstanceData:
        """People of one image, in pixels of the input."""
        people, scores = self.grouping(heatmaps, tags)
        people = people[:, :len(sample.flip_indices)]  # not the centre
        height, width = heatmaps.shape[1:]
        ratio = np.divide(sample.input_size, (width, height))
        return InstanceData(
            keypoints=people[..., :2] * ratio.astype(np.float32),
            keypoint_scores=people[..., 2],
            bbox_scores=scores)


def _same_sizes(inputs: Sequence[Tensor],
                samples: Sequence[Any]) -> Dict[Tuple, List[int]]:
    """Which images have the same size at every scale, as height and width;
    the rest of a batch is padding."""
    rows = defaultdict(list)
    for row, sample in enumerate(samples):
        shapes = sample.get('scale_shapes') or [sample.img_shape[:2]]
        if len(shapes) != len(inputs):
            raise SettingError(
                'data_preprocessor',
                'ScalesDataPreprocessor for images at several scales',
                f'{len(inputs)} scales, sizes of {len(shapes)}')
        rows[tuple(map(tuple, shapes))].append(row)
    return rows
