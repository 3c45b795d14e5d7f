"""Clips from folders of frames."""
import os
from typing import Any, Dict, List

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpretrain.datasets import CustomDataset
from mmpretrain.registry import DATASETS, TRANSFORMS

SUFFIXES = ('.jpg', '.jpeg', '.png')


@DATASETS.register_module()
class FrameFolders(CustomDataset):
    """Videos as folders of frames, whose names sort in the order of time.

    Each line of the annotation file is ``folder label``.

    Args:
        min_frames (int): Leave out videos with fewer frames. Defaults to 1.
        **kwargs: As for ``mmpretrain.CustomDataset``.

    Raises:
        ValueError: No video has enough frames.
    """

    def __init__(self, *args: Any, min_frames: int = 1, **kwargs: Any):
        self.min_frames = min_frames
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> List[Dict[str, Any]]:
        """One dict a video: ``img_path`` (its folder), ``frames`` (names of
        the files) and ``gt_label``."""
        videos = [
            dict(video, frames=self._frames(video['img_path']))
            for video in super().load_data_list()
        ]
        most = max((len(video['frames']) for video in videos), default=0)
        if most < self.min_frames:
            raise ValueError(
                f'{self.ann_file}: expected a video of at least '
                f'{self.min_frames} frames among {len(videos)}, the longest '
                f'has {most}')
        return videos

    def filter_data(self) -> List[Dict[str, Any]]:
        """The videos with enough frames."""
        return [
            video for video in self.data_list
            if len(video['frames']) >= self.min_frames
        ]

    @staticmethod
    def _frames(folder: str) -> List[str]:
        return sorted(
            name for name in os.listdir(folder)
            if name.lower().endswith(SUFFIXES))


@TRANSFORMS.register_module()
class LoadClip(BaseTransform):
    """Read frames at equal distances.

    Needs ``img_path`` and ``frames``; sets ``img``, a tensor ``(T, 3, H, W)``
    of bytes in RGB, so that one transform of torchvision changes all frames
    alike. A video that is too short begins again.

    Args:
        num_frames (int): Frames of a clip.
        interval (int): Frames from one to the next. Defaults to 1.
        random (bool): Start anywhere, for training, or so that the clip is
            in the middle of the video. Defaults to False.
    """

    def __init__(self,
                 num_frames: int,
                 interval: int = 1,
                 random: bool = False):
        self.num_frames = num_frames
        self.interval = interval
        self.random = random

    def indices(self, length: int) -> np.ndarray:
        """Positions of the clip's frames in a video of ``length`` frames."""
        span = (self.num_frames - 1) * self.interval + 1
        last = max(length - span, 0)
        start = np.random.randint(last + 1) if self.random else last // 2
        return (start + np.arange(self.num_frames) * self.interval) % length

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        frames = [
            self._read(os.path.join(results['img_path'], name))
            for name in np.array(results['frames'])[self.indices(
                len(results['frames']))]
        ]
        results['img'] = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)
        return results

    @staticmethod
    def _read(path: str) -> np.ndarray:
        image = cv2.imread(path, cv2.IMREAD_COLOR)
        if image is None:
            raise OSError(f'expected an image, cannot read {path}')
        return image[:, :, ::-1]
