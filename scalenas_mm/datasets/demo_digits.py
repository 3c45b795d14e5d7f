"""The demo data set for segmentation, in Cityscapes' folder layout.

::

    demo.json                                        written last
    leftImg8bit/<split>/<city>/<city>_000000_000000_leftImg8bit.png
    gtFine/<split>/<city>/<city>_000000_000000_gtFine_labelTrainIds.png

What is in the pictures is drawn by :mod:`.digit_scenes`.
"""
import re
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, List

from .demo_folder import Kind
from .digit_scenes import DemoDigits, Scene, draw_scenes
from .photographs import SPLITS, write_image

CLASSES = ('background', ) + tuple('0123456789')
PALETTE = ((24, 24, 28), (31, 119, 180), (255, 127, 14), (44, 160, 44),
           (214, 39, 40), (148, 103, 189), (140, 86, 75), (227, 119, 194),
           (188, 189, 34), (23, 190, 207), (240, 228, 66))


def write_scene(root: Path, split: str, index: int, scene: Scene) -> None:
    """Write the image and the label of a scene below ``root``."""
    name = f'{scene.city}_{index:06d}_000000'
    folder = Path(split, scene.city)
    write_image(root / 'leftImg8bit' / folder / f'{name}_leftImg8bit.png',
                scene.image)
    # A third axis, so that the label's columns are not reversed.
    write_image(root / 'gtFine' / folder / f'{name}_gtFine_labelTrainIds.png',
                scene.label[..., None])


def count(scenes: List[list]) -> Dict[str, Any]:
    """Numbers of images and of each digit, and the range of heights."""
    digits, heights = zip(*(shown for scene in scenes for shown in scene))
    total = Counter(digits)
    return dict(
        images=len(scenes),
        digits={str(digit): total[digit]
                for digit in range(10)},
        digit_px=[round(min(heights), 1),
                  round(max(heights), 1)])


def write(root: Path, spec: DemoDigits,
          done: Callable[[], None]) -> Dict[str, Any]:
    """Write images and labels; see :class:`.demo_folder.Kind`."""
    counts = {}
    for split in SPLITS:
        shown = []
        for index, scene in enumerate(draw_scenes(spec, split)):
            write_scene(root, split, index, scene)
            shown.append(scene.digits)
            done()
        counts[split] = count(shown)
    return dict(counts=counts, classes=CLASSES, palette=PALETTE)


DIGITS = Kind(
    'digits',
    DemoDigits(),
    write,
    re.compile(
        r'(leftImg8bit|gtFine)/(train|val)/(china|flower)/(china|flower)_\d{6}'
        r'_000000_(leftImg8bit|gtFine_labelTrainIds)\.png'),
    per_image=2)
