"""What a stream leaves on disk; memory does not grow with its length."""
import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, TextIO, Tuple

import cv2
import numpy as np

from scalenas_mm._files import whole_file
from scalenas_mm.spaces import SettingError
from .stream import Pose


class FilmWriter:
    """A film (mp4v) with the size of its first frame.

    Frames of another size are scaled to fit, with black borders. A frame that
    could not be read is the one before, so that the time stays right.

    Args:
        path (Path): It is made with the first frame.
        fps (float): Frames per second.
    """

    def __init__(self, path: Path, fps: float):
        self.path, self.fps = path, fps
        self.writer: Optional[cv2.VideoWriter] = None
        self.size: Tuple[int, int] = (0, 0)
        self.last: Optional[np.ndarray] = None
        self.missing = 0

    def write(self, frame: Optional[np.ndarray]) -> None:
        """Add a frame, uint8 ``(height, width, 3)`` in BGR, or None.

        Raises:
            SettingError: OpenCV cannot write the file.
        """
        if frame is None and self.writer is None:
            self.missing += 1  # black ones, when the size is known
            return
        if frame is not None:
            if self.writer is None:
                self._open(frame)
            self.last = fitted(frame, self.size)
        assert self.writer is not None and self.last is not None
        self.writer.write(self.last)

    def _open(self, frame: np.ndarray) -> None:
        self.size = frame.shape[0], frame.shape[1]
        code = cv2.VideoWriter.fourcc(*'mp4v')
        self.writer = cv2.VideoWriter(
            str(self.path), code, self.fps, self.size[::-1])
        if not self.writer.isOpened():
            raise SettingError('out', 'a film that OpenCV writes (mp4v)',
                               str(self.path))
        for _ in range(self.missing):
            self.writer.write(np.zeros_like(frame))

    def close(self) -> None:
        """End the film."""
        if self.writer is not None:
            self.writer.release()


def fitted(frame: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """``frame`` in the middle of an image of ``size``, as large as it can."""
    height, width = frame.shape[:2]
    if (height, width) == size:
        return frame
    factor = min(size[0] / height, size[1] / width)
    new = [max(1, round(side * factor)) for side in (height, width)]
    small = cv2.resize(frame, new[::-1], interpolation=cv2.INTER_AREA)
    out = np.zeros((*size, 3), np.uint8)
    y, x = ((a - b) // 2 for a, b in zip(size, new))
    out[y:y + new[0], x:x + new[1]] = small
    return out


class PoseWriter:
    """Poses, line by line while the stream runs, and at the end as one file
    of PoseTrack18's form.

    ``PATH.lines`` holds a JSON dict for each frame; so what was found is there
    even if the process is killed. :meth:`close` turns it into ``PATH`` line by
    line and removes it.

    Args:
        path (Path): The JSON file.
        names (Sequence[str]): Of the keypoints.
        links (Sequence): Pairs of keypoints that are joined.
        video (str): Name of the video.
    """

    def __init__(self, path: Path, names: Sequence[str],
                 links: Sequence[Sequence[int]], video: str):
        self.path, self.video = path, video
        self.category = dict(
            id=1,
            name='person',
            supercategory='person',
            keypoints=list(names),
            skeleton=[[a + 1, b + 1] for a, b in links])
        self.lines = path.with_name(f'{path.name}.lines')
        self.file: TextIO = open(self.lines, 'w', encoding='utf-8')
        self.index = 0

    def write(self, image: Optional[np.ndarray],
              poses: Sequence[Pose]) -> None:
        """Add a frame; without an image nobody is there."""
        height, width = (0, 0) if image is None else image.shape[:2]
        row = dict(
            height=height,
            width=width,
            annotations=[annotation(pose) for pose in poses])
        self.file.write(json.dumps(row, allow_nan=False) + '\n')
        self.file.flush()
        self.index += 1

    def close(self) -> None:
        """Write the JSON file."""
        self.file.close()
        with whole_file(self.path) as part:
            with open(part, 'w', encoding='utf-8') as out:
                out.write(f'{{"categories": {json.dumps([self.category])},\n')
                out.write('"images": [')
                _write_rows(out, self._images())
                out.write('],\n"annotations": [')
                _write_rows(out, self._annotations())
                out.write(']}\n')
        self.lines.unlink()

    def _rows(self) -> Iterator[Tuple[int, Dict[str, Any]]]:
        with open(self.lines, encoding='utf-8') as file:
            for index, line in enumerate(file):
                yield index, json.loads(line)

    def _images(self) -> Iterator[Dict[str, Any]]:
        for index, row in self._rows():
            yield dict(
                id=index,
                file_name=f'{self.video}/{index:06d}.jpg',
                vid_id=self.video,
                frame_id=index,
                is_labeled=row['width'] > 0,
                height=row['height'],
                width=row['width'])

    def _annotations(self) -> Iterator[Dict[str, Any]]:
        number = 0
        for index, row in self._rows():
            for one in row['annotations']:
                yield dict(id=number, image_id=index, category_id=1, **one)
                number += 1


def _write_rows(out: TextIO, rows: Iterator[Dict[str, Any]]) -> None:
    for i, row in enumerate(rows):
        out.write((',' if i else '') + '\n' + json.dumps(row))


def annotation(pose: Pose) -> Dict[str, Any]:
    """A pose as PoseTrack18 writes predictions, ``network`` beside it.

    ``keypoints`` are x, y and score of each one, ``bbox`` is x, y, width and
    height.
    """
    points = np.column_stack([pose.keypoints, pose.scores])
    x1, y1, x2, y2 = pose.box.tolist()
    return dict(
        track_id=pose.track,
        bbox=_round([x1, y1, x2 - x1, y2 - y1]),
        keypoints=_round(points.ravel()),
        scores=_round(pose.scores),
        score=_round([pose.scores.mean() * pose.box_score])[0],
        network=pose.network,
        rekeyed=pose.rekeyed)


def _round(values: Any) -> List[float]:
    finite = np.nan_to_num(np.asarray(values, float), posinf=0, neginf=0)
    return [round(value, 3) for value in finite.tolist()]
