"""Demo data sets in COCO's format: figures with keypoints, boxed digits.

::

    demo.json                                        written last
    images/<split>/<kind>_000000.jpg
    annotations/person_keypoints_<split>.json        of figures
    annotations/instances_<split>.json               of digits

What is in the pictures is drawn by :mod:`.figure_scenes` and
:mod:`.digit_scenes`.
"""
import re
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List

import cv2
import numpy as np

from . import digit_scenes, figure_scenes
from .coco_json import CocoWriter, describe, mark
from .demo_folder import Kind
from .digit_scenes import DemoDigits
from .figure_poses import KEYPOINTS, SKELETON
from .figure_scenes import DemoFigures
from .photographs import SPLITS, write_image

QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 92)
PERSON = dict(
    id=1,
    name='person',
    supercategory='person',
    keypoints=KEYPOINTS,
    skeleton=SKELETON)
DIGIT_CATEGORIES = [
    dict(id=digit + 1, name=str(digit), supercategory='digit')
    for digit in range(10)
]
# Areas in pixels where COCO's small, medium and large objects begin
AREAS = dict(small=0, medium=32**2, large=96**2)


def annotate_figures(scene: figure_scenes.Scene) -> Iterable[Dict[str, Any]]:
    """Annotations of the figures that are seen."""
    for figure in scene.figures:
        keypoints = np.round(figure.keypoints, 2)
        yield dict(
            category_id=1,
            keypoints=[
                value for x, y, seen in keypoints.tolist()
                for value in (x, y, int(seen))
            ],
            num_keypoints=int((keypoints[:, 2] > 0).sum()),
            **describe(figure.mask))


def annotate_digits(scene: digit_scenes.Scene) -> Iterable[Dict[str, Any]]:
    """Annotations of the digits."""
    for digit, _ in scene.digits:
        yield dict(category_id=digit + 1, **describe(scene.label == digit + 1))


def count(areas: List[int], images: int) -> Dict[str, Any]:
    """Numbers of images and of annotations of COCO's sizes."""
    sizes = np.searchsorted(list(AREAS.values()), areas, 'right') - 1
    counts = np.bincount(sizes, minlength=len(AREAS)).tolist()
    return dict(
        images=images, annotations=len(areas), **dict(zip(AREAS, counts)))


def write(root: Path, spec: Any, done: Callable[[], None], *, name: str,
          task: str, categories: List[dict], draw: Callable[[Any, str],
                                                            Iterable[Any]],
          annotate: Callable[[Any], Iterable[Dict[str, Any]]]) -> dict:
    """Write images and annotations; see :class:`.demo_folder.Kind`.

    Args:
        name (str): Begins the names of the images.
        task (str): Begins the names of the files of annotations.
        categories (list[dict]): COCO's ``categories``.
        draw (callable): Returns the scenes of a split.
        annotate (callable): Returns the annotations of a scene.
    """
    counts = {}
    for split in SPLITS:
        areas = []
        path = root / f'annotations/{task}_{split}.json'
        with CocoWriter(path, description(name), categories) as file:
            for index, scene in enumerate(draw(spec, split)):
                image = f'{name}_{index:06d}.jpg'
                write_image(root / 'images' / split / image, scene.image,
                            *QUALITY)
                number = file.add_image(image, scene.image)
                for annotation in annotate(scene):
                    file.add_annotation(image_id=number, **annotation)
                    areas.append(annotation['area'])
                done()
            counts[split] = count(areas, len(file.images))
    return dict(counts=counts, categories=categories)


def description(name: str) -> str:
    """What the files of annotations say of themselves."""
    return f'scalenas_mm demo data: {name}'


def make_kind(kind: str, spec: Any, name: str, task: str,
              **settings: Any) -> Kind:
    """A kind in COCO's format; ``settings`` are those of :func:`write`."""
    files = re.compile(rf'images/(train|val)/{name}_\d{{6,}}\.jpg|'
                       rf'annotations/{task}_(train|val)\.json')
    return Kind(
        kind,
        spec,
        partial(write, name=name, task=task, **settings),
        files,
        per_image=1,
        marked=mark(description(name)))


FIGURES = make_kind(
    'figures',
    DemoFigures(),
    name='figures',
    task='person_keypoints',
    categories=[PERSON],
    draw=figure_scenes.draw_scenes,
    annotate=annotate_figures)
DIGITS_COCO = make_kind(
    'digits-coco',
    DemoDigits(val=160, size=(320, 320), digit_px=(20, 240)),
    name='digits',
    task='instances',
    categories=DIGIT_CATEGORIES,
    draw=digit_scenes.draw_scenes,
    annotate=annotate_digits)
