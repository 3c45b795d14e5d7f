"""Boxes that need no detector."""
import json
from math import isfinite
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np

from scalenas_mm.spaces import SettingError
from .persons import Person


class WholeImage:
    """One person, who fills the image."""

    def __call__(self, index: int, image: np.ndarray,
                 key: bool) -> List[Person]:
        height, width = image.shape[:2]
        return [Person(0, np.array([0, 0, width, height], np.float32))]


class GivenBoxes:
    """Persons by a list for each frame; none behind its end."""

    def __init__(self, frames: Sequence[List[Person]]):
        self.frames = frames

    def __call__(self, index: int, image: np.ndarray,
                 key: bool) -> Sequence[Person]:
        return self.frames[index] if index < len(self.frames) else []

    def check(self, num: Optional[int], size: Tuple[int, int]) -> None:
        """See that they are of a video.

        Args:
            num (int, optional): Its frames, if that is known.
            size (tuple[int]): Height and width of its first frame.

        Raises:
            SettingError: They are of another one.
        """
        if num is not None and num != len(self.frames):
            raise SettingError(
                'boxes: frames',
                f'{num} lists, one for each frame of the video',
                len(self.frames))
        for one in self.frames[0] if self.frames else []:
            x1, y1, x2, y2 = one.box
            if x2 <= 0 or y2 <= 0 or x1 >= size[1] or y1 >= size[0]:
                raise SettingError(
                    f'boxes: frames[0], track {one.track}', 'a box in the '
                    f'image of {size[1]} x {size[0]}', one.box.tolist())


def read_boxes(path: Union[str, Path]) -> GivenBoxes:
    """Boxes of a file: ``{"frames": [[{"track_id": 0, "bbox": [x, y, w, h],
    "score": 1.0}, ...], ...]}``, a list for each frame, ``score`` optional.

    Raises:
        SettingError: The file has another form; names the field.
        FileNotFoundError: There is none.
    """
    try:
        data = json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise SettingError(f'boxes {path}', 'a JSON file',
                           str(error)) from None
    frames = data.get('frames') if isinstance(data, dict) else None
    if not isinstance(frames, list):
        raise SettingError(f'boxes {path}: frames', 'a list for each frame',
                           frames)
    return GivenBoxes(
        [_frame(f'frames[{i}]', f) for i, f in enumerate(frames)])


def _frame(field: str, rows: Any) -> List[Person]:
    if not isinstance(rows, list):
        raise SettingError(f'boxes: {field}', 'a list of boxes', rows)
    people = [
        _person(f'boxes: {field}[{i}]', row) for i, row in enumerate(rows)
    ]
    tracks = [one.track for one in people]
    if len(set(tracks)) != len(tracks):
        raise SettingError(f'boxes: {field}', 'each track_id once', tracks)
    return people


def _person(field: str, row: Any) -> Person:
    if not isinstance(row, dict):
        raise SettingError(field, 'a dict with track_id and bbox', row)
    track, box, score = (row.get(key) for key in ('track_id', 'bbox', 'score'))
    if type(track) is not int:
        raise SettingError(f'{field}.track_id', 'a whole number', track)
    numbers = isinstance(box, list) and len(box) == 4 and all(map(_real, box))
    if not numbers or min(box[2:]) <= 0:
        raise SettingError(f'{field}.bbox', 'x, y, width > 0, height > 0', box)
    score = 1. if score is None else score
    if not _real(score):
        raise SettingError(f'{field}.score', 'a number', score)
    x, y, w, h = box
    return Person(track, np.array([x, y, x + w, y + h], np.float32),
                  float(score))


def _real(value: Any) -> bool:
    return type(value) in (int, float) and isfinite(value)
