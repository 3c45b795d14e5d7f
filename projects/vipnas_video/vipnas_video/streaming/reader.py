"""Frames of a film or a camera; those that cannot be read are None."""
from itertools import repeat
from pathlib import Path
from typing import Any, Iterator, Optional, Tuple, Union

import cv2
import numpy as np

from scalenas_mm.spaces import SettingError

# So many frames in a row that cannot be read end a stream.
MOST_LOST = 100


def is_image(frame: Any) -> bool:
    """Whether it is a uint8 image ``(height, width, 3)`` with pixels."""
    return isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and (
        frame.ndim == 3) and frame.shape[2] == 3 and min(frame.shape) > 0


class Reader:
    """A film or a camera, frame by frame.

    Args:
        source (str | int): A file, or the number of a camera.

    Attributes:
        name: Of the file, without suffix; ``camera_0`` of a camera.
        count: Frames that the file says to have, None of a camera.
        fps: Frames per second.

    Raises:
        SettingError: It cannot be opened.
    """

    def __init__(self, source: Union[str, int]):
        if isinstance(source, str) and not Path(source).is_file():
            raise SettingError('video', 'a file or the number of a camera',
                               source)
        self.capture = cv2.VideoCapture(source)
        if not self.capture.isOpened():
            raise SettingError('video', 'a film or camera that OpenCV opens',
                               source)
        self.name = f'camera_{source}' if isinstance(
            source, int) else Path(source).stem
        count = int(self.capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.count: Optional[int] = count if count > 0 and isinstance(
            source, str) else None
        self.fps: float = self.capture.get(cv2.CAP_PROP_FPS)
        if not 0 < self.fps < 1000:
            self.fps = 25.
        # what decides whether boxes fit, before anything is written
        self.first = self._read()
        if self.first is None and self.count is None:
            raise SettingError('video', 'a film or camera with images', source)

    @property
    def size(self) -> Tuple[int, int]:
        """Height and width of the first frame."""
        if self.first is not None:
            return self.first.shape[0], self.first.shape[1]
        width, height = (
            int(self.capture.get(key))
            for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        return height, width

    def _read(self) -> Optional[np.ndarray]:
        try:
            good, frame = self.capture.read()
        except cv2.error:
            return None
        return frame if good and is_image(frame) else None

    def __iter__(self) -> Iterator[Optional[np.ndarray]]:
        """Frames, once; None where one cannot be read. At the end there is
        none of those: what a film says of its length is often too much."""
        frame, number, lost = self.first, 1, 0
        self.first = None
        while lost <= MOST_LOST:
            if frame is not None:
                yield from repeat(None, lost)
                yield frame
                lost = 0
            elif self.count is not None and number > self.count:
                return
            else:
                lost += 1
            frame = self._read()
            number += 1

    def close(self) -> None:
        """Give the film or camera back."""
        self.capture.release()
