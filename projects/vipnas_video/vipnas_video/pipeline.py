"""A pipeline for the frames of a clip, with one draw of randomness."""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose
from mmpose.structures import PoseDataSample

from scalenas_mm.evaluation import seeded
from scalenas_mm.registry import TRANSFORMS
from scalenas_mm.spaces import SettingError

# what frames of a clip must have in common after the transforms
GEOMETRY = ('input_size', 'flip', 'flip_direction')
CROP = ('input_center', 'input_scale')


@TRANSFORMS.register_module()
class OnEachFrame(BaseTransform):
    """Transforms of mmpose on every frame of a clip, with the same random
    numbers: "the same augmentation methods are applied across T+1 frames"
    (ViPNAS, Sec. 4.2).

    Gives ``inputs`` ``(F, 3, H, W)`` and one data sample, whose ``frames`` are
    those of the frames. ``padded`` in their meta information says that a frame
    only fills a short clip; it has no keypoint weights.

    Args:
        transforms (Sequence[dict]): The last one packs the inputs.
        boxes (str): ``key``: all frames are cropped around the box of the key
            frame, so that heatmaps stay where they are. ``own``: each around
            its own.

    Raises:
        SettingError: Frames were not transformed alike.
    """

    def __init__(self, transforms: Sequence[dict], boxes: str = 'key'):
        if boxes not in ('key', 'own'):
            raise SettingError('boxes', 'key or own', boxes)
        self.transforms = Compose(transforms)
        self.boxes = boxes

    def transform(self, results: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        shared = {k: v for k, v in results.items() if k != 'frames'}
        key_box = results['frames'][0]['bbox']
        seed = int(np.random.randint(2**31))
        packed: List[Dict[str, Any]] = []
        for frame in results['frames']:
            if self.boxes == 'key':
                frame = dict(frame, bbox=key_box.copy())
            with seeded(seed):
                one = self.transforms(dict(shared, **frame))
            if one is None:
                return None
            self._mark(one['data_samples'], frame)
            packed.append(one)
        self._check([one['data_samples'] for one in packed])
        sample = PoseDataSample()
        sample.set_field([one['data_samples'] for one in packed], 'frames')
        return dict(
            inputs=torch.stack([one['inputs'] for one in packed]),
            data_samples=sample)

    @staticmethod
    def _mark(sample: PoseDataSample, frame: Dict[str, Any]) -> None:
        sample.set_metainfo(dict(padded=frame['padded']))
        labels = sample.get('gt_instance_labels', {})
        if frame['padded'] and 'keypoint_weights' in labels:
            labels.keypoint_weights = torch.zeros_like(labels.keypoint_weights)

    def _check(self, frames: Sequence[PoseDataSample]) -> None:
        names = GEOMETRY + (CROP if self.boxes == 'key' else ())
        first = frames[0].metainfo
        for t, frame in enumerate(frames):
            for name in names:
                mine, key = frame.metainfo.get(name), first.get(name)
                if not np.array_equal(mine, key):
                    raise SettingError(
                        f'transforms: {name} of frame {t}', f'{key}, as of '
                        'the key frame (is there a transform that looks at '
                        'keypoints, such as RandomHalfBody?)', mine)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(boxes={self.boxes!r}, '
                f'transforms={self.transforms})')
