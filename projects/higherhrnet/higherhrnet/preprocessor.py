"""Batches of images at several scales."""
from typing import Dict

from mmpose.models.data_preprocessors import PoseDataPreprocessor
from mmpose.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class ScalesDataPreprocessor(PoseDataPreprocessor):
    """mmpose's preprocessing, also for what :class:`.resize.PackScales` packs.

    With several scales, inputs is a list of batches ``(N, 3, H, W)``, one a
    scale, that of scale 1 first. Smaller images are padded at the right and
    below, as in mmpose; each data sample has the sizes of its own images, a
    height and a width for every scale, in ``scale_shapes``.
    """

    def forward(self, data: Dict, training: bool = False) -> Dict:
        scales = data['inputs']
        if isinstance(scales, Tensor) or getattr(scales[0], 'ndim', 4) == 3:
            return super().forward(data, training)
        shapes = [[image.shape[-2:] for image in images] for images in scales]
        out = [
            super(ScalesDataPreprocessor,
                  self).forward(dict(data, inputs=images), training)
            for images in scales
        ]
        for sample, own in zip(out[0]['data_samples'], zip(*shapes)):
            sample.set_metainfo(dict(scale_shapes=own))
        return dict(out[0], inputs=[one['inputs'] for one in out])
