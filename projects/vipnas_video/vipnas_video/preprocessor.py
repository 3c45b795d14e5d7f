"""Clips, from what a data loader gives to one tensor."""
from typing import Any, Dict

import torch
from mmpose.models.data_preprocessors import PoseDataPreprocessor

from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError


@MODELS.register_module()
class ClipPreprocessor(PoseDataPreprocessor):
    """mmpose's preprocessor for clips ``(F, 3, H, W)`` of one size.

    Gives them as ``(N, F, 3, H, W)``; arguments as for
    ``PoseDataPreprocessor``.
    """

    def forward(self, data: Dict[str, Any], training: bool = False) -> Any:
        clips = data['inputs']
        shapes = {tuple(clip.shape) for clip in clips}
        if len(shapes) != 1 or len(*shapes) != 4:
            raise SettingError('inputs', 'clips (F, 3, H, W) of one shape',
                               sorted(shapes))
        images = super().forward(
            dict(
                inputs=[image for clip in clips for image in clip],
                data_samples=[]), training)['inputs']
        return dict(
            inputs=torch.stack(images.chunk(len(clips))),
            data_samples=self.cast_data(data.get('data_samples')))
