"""Annotations in COCO's format, written as they are made.

Masks are bool arrays (height, width). Of an annotation, ``area`` is the number
of pixels that are seen, ``bbox`` (x, y, width, height) holds them, and the
polygons of ``segmentation`` fill exactly them: pixel (x, y) is the square from
(x, y) to (x + 1, y + 1).
"""
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, List, Optional, Type

import cv2
import numpy as np


def find_polygons(mask: np.ndarray) -> List[List[float]]:
    """Polygons ``[x, y, x, y, ...]`` that fill a mask.

    COCO's polygons have no holes: a mask is cut through its holes.
    """
    # Twice as large, so that outlines go around the pixels' centres.
    large = np.repeat(np.repeat(mask, 2, 0), 2, 1).astype(np.uint8)
    outlines, levels = cv2.findContours(large, cv2.RETR_CCOMP,
                                        cv2.CHAIN_APPROX_SIMPLE)
    holes = [
        outline for outline, level in zip(outlines, levels[0]) if level[3] >= 0
    ]
    if holes:
        lefts, _, widths, _ = np.transpose(
            [cv2.boundingRect(hole) for hole in holes])
        cuts = np.unique((lefts + widths // 2) // 2 * 2)
        outlines = []
        for start, part in zip([0, *cuts], np.split(large, cuts, 1)):
            found = cv2.findContours(part, cv2.RETR_EXTERNAL,
                                     cv2.CHAIN_APPROX_SIMPLE)[0]
            outlines += [outline + [int(start), 0] for outline in found]
    return [((outline + .5) / 2).ravel().tolist() for outline in outlines]


def describe(mask: np.ndarray) -> Dict[str, Any]:
    """Box, area and polygons of a mask with at least one pixel."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    top, left = int(rows[0]), int(columns[0])
    height, width = int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left
    polygons = find_polygons(
        np.pad(mask[top:top + height, left:left + width], 1))
    moved = [
        list(np.ravel(np.reshape(polygon, (-1, 2)) + [left - 1, top - 1]))
        for polygon in polygons
    ]
    return dict(
        bbox=[left, top, width, height],
        area=int(mask.sum()),
        segmentation=[[float(value) for value in part] for part in moved],
        iscrowd=0)


class CocoWriter:
    """A file of annotations, written one by one: they need no memory.

    Args:
        path (Path): The file; its folder is made.
        description (str): The data set.
        categories (list[dict]): COCO's ``categories``.
    """

    def __init__(self, path: Path, description: str,
                 categories: List[dict]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.categories = categories
        self.images: List[dict] = []
        self.number = 0
        self.file = path.open('w', encoding='utf-8')
        self.file.write(f'{mark(description)}, "version": "1.0"}},\n'
                        '"licenses": [],\n"annotations": [')

    def add_image(self, name: str, image: np.ndarray) -> int:
        """Add an image (height, width, 3) and return its id."""
        height, width = image.shape[:2]
        index = len(self.images) + 1
        self.images.append(
            dict(id=index, file_name=name, height=height, width=width))
        return index

    def add_annotation(self, **content: Any) -> None:
        """Add an annotation; it gets the next id."""
        comma = ',' if self.number else ''
        self.number += 1
        text = json.dumps(dict(id=self.number, **content))
        self.file.write(f'{comma}\n{text}')

    def __enter__(self) -> 'CocoWriter':
        return self

    def __exit__(self, kind: Optional[Type[BaseException]],
                 error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        with self.file:
            if kind is None:
                images = ',\n'.join(map(json.dumps, self.images))
                categories = json.dumps(self.categories)
                self.file.write(f'\n],\n"images": [\n{images}\n],\n'
                                f'"categories": {categories}}}\n')


def mark(description: str) -> str:
    """How the file of a data set begins."""
    return f'{{"info": {{"description": {json.dumps(description)}'
