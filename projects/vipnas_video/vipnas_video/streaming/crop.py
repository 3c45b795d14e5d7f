"""From a box in an image to what a network takes, by a config's pipeline."""
from typing import Any, Mapping, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from scalenas_mm.registry import TRANSFORMS
from scalenas_mm.spaces import SettingError
from ..pipeline import OnEachFrame


class Crop:
    """Crops of persons, as a data set and its model's preprocessor give them.

    Args:
        pipeline (Sequence[dict]): Of a data set of clips: one
            :class:`~..pipeline.OnEachFrame`.
        model (nn.Module): A ``TViPNet``, for its data preprocessor.

    Attributes:
        boxes: ``key`` or ``own``, as of the pipeline.
        size: Height and width of a crop.

    Raises:
        SettingError: The pipeline is another one.
    """

    def __init__(self, pipeline: Sequence[Mapping[str, Any]],
                 model: nn.Module):
        if len(pipeline) != 1:
            raise SettingError('test_dataloader.dataset.pipeline',
                               'one transform, OnEachFrame',
                               [step.get('type') for step in pipeline])
        step = TRANSFORMS.build(dict(pipeline[0]))
        if not isinstance(step, OnEachFrame):
            raise SettingError('test_dataloader.dataset.pipeline[0]',
                               'OnEachFrame', pipeline[0].get('type'))
        self.boxes = step.boxes
        self.transforms = step.transforms
        self.preprocessor = model.data_preprocessor
        blank = np.zeros((8, 8, 3), np.uint8)
        crop = self(blank, np.array([0, 0, 8, 8], np.float32))[0]
        self.size: Tuple[int, int] = (crop.shape[2], crop.shape[3])

    def __call__(self,
                 image: np.ndarray,
                 box: np.ndarray,
                 score: float = 1.) -> Tuple[Tensor, Any]:
        """The crop of a person.

        Args:
            image (ndarray): uint8 ``(height, width, 3)``, BGR.
            box (ndarray): ``(4, )``: x1, y1, x2, y2 in pixels.
            score (float): Of the box.

        Returns:
            tuple: Normalised ``(1, 3, H, W)``, on the model's device, and the
            data sample that says where it lies in the image.
        """
        packed = self.transforms(
            dict(
                img=image,
                bbox=box.reshape(1, 4).astype(np.float32),
                bbox_score=np.array([score], np.float32)))
        clip = dict(inputs=[packed['inputs'][None]], data_samples=None)
        with torch.no_grad():
            inputs = self.preprocessor(clip)['inputs'][:, 0]
        return inputs, packed['data_samples']
