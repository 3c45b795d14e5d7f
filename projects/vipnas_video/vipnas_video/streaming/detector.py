"""Boxes of persons by a detector of mmdet."""
from copy import deepcopy
from typing import Any, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope

from scalenas_mm.evaluation import load_strictly, read_checkpoint
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError

LOADERS = ('LoadImageFromFile', 'mmdet.LoadImageFromFile')


class Detector:
    """A detector on images in memory.

    Args:
        config (Config): With ``model`` and ``test_dataloader``.
        checkpoint (str): Its weights.
        device (str): Where it runs.
        label (int): Class of persons.

    Raises:
        SettingError: It has no data pipeline, or other weights.
    """

    def __init__(self,
                 config: Config,
                 checkpoint: str,
                 device: str = 'cpu',
                 label: int = 0):
        self.scope = config.get('default_scope', 'mmdet')
        with DefaultScope.overwrite_default_scope(self.scope):
            self._build(config, checkpoint, device)
        self.label = label

    def _build(self, config: Config, checkpoint: str, device: str) -> None:
        dataset = config.get('test_dataloader', {}).get('dataset', {})
        while 'dataset' in dataset:
            dataset = dataset['dataset']
        steps = deepcopy(dataset.get('pipeline') or [])
        if not steps or steps[0].get('type') not in LOADERS:
            raise SettingError('detector: test_dataloader.dataset.pipeline[0]',
                               'LoadImageFromFile', steps[:1])
        steps[0] = dict(type='mmdet.LoadImageFromNDArray')
        model_cfg = deepcopy(config.model)
        model_cfg.pop('init_cfg', None)
        self.model: Any = MODELS.build(model_cfg).to(device).eval()
        load_strictly(
            self.model,
            read_checkpoint(checkpoint),
            checkpoint,
            other_parts=True)
        # annotations, which a film does not have
        self.transforms = Compose(
            [step for step in steps if 'LoadAnnotations' not in step['type']])

    @torch.no_grad()
    def __call__(self, image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Boxes ``(N, 4)``, x1, y1, x2, y2, and scores ``(N, )`` of persons.

        Args:
            image (ndarray): uint8 ``(height, width, 3)``, BGR.
        """
        with DefaultScope.overwrite_default_scope(self.scope):
            data = self.transforms(dict(img=image, img_id=0, img_path=None))
            found = self.model.test_step(pseudo_collate([data]))[0]
        found = found.pred_instances.cpu().numpy()
        chosen = found.labels == self.label
        return found.bboxes[chosen], found.scores[chosen]
