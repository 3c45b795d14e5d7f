"""The demo data set on disk, in Cityscapes' folder layout.

::

    demo.json                                        written last
    leftImg8bit/<split>/<city>/<city>_000000_000000_leftImg8bit.png
    gtFine/<split>/<city>/<city>_000000_000000_gtFine_labelTrainIds.png

What is in the pictures is drawn by :mod:`.digit_scenes`.
"""
import json
import re
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from glob import escape
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import cv2
import numpy as np

from .digit_scenes import SPLITS, DemoDigits, Scene, draw_scenes

CLASSES = ('background', ) + tuple('0123456789')
PALETTE = ((24, 24, 28), (31, 119, 180), (255, 127, 14), (44, 160, 44),
           (214, 39, 40), (148, 103, 189), (140, 86, 75), (227, 119, 194),
           (188, 189, 34), (23, 190, 207), (240, 228, 66))
MANIFEST = 'demo.json'
OURS = re.compile(
    r'(leftImg8bit|gtFine)/(train|val)/(china|flower)/(china|flower)_\d{6}'
    r'_000000_(leftImg8bit|gtFine_labelTrainIds)\.png|demo\.json')


def write_png(path: Path, image: np.ndarray) -> None:
    """Write an image (RGB or grey); unlike cv2.imwrite, raise OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # OpenCV stores BGR.
    path.write_bytes(cv2.imencode('.png', image[..., ::-1])[1].tobytes())


def write_scene(root: Path, split: str, index: int, scene: Scene) -> None:
    """Write the image and the label of a scene below ``root``."""
    name = f'{scene.city}_{index:06d}_000000'
    folder = Path(split, scene.city)
    write_png(root / 'leftImg8bit' / folder / f'{name}_leftImg8bit.png',
              scene.image)
    # A third axis, so that the label's columns are not reversed.
    write_png(root / 'gtFine' / folder / f'{name}_gtFine_labelTrainIds.png',
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


def write_all(root: Path, spec: DemoDigits) -> None:
    """Write the data set below ``root``, the manifest last."""
    counts = {}
    for split in SPLITS:
        shown = []
        for index, scene in enumerate(draw_scenes(spec, split)):
            write_scene(root, split, index, scene)
            shown.append(scene.digits)
        counts[split] = count(shown)
    content = dict(
        parameters=asdict(spec),
        counts=counts,
        classes=CLASSES,
        palette=PALETTE)
    (root / MANIFEST).write_text(json.dumps(content, indent=1) + '\n')


def is_ours(out: Path) -> bool:
    """Whether a folder holds nothing but a demo data set or parts of one."""
    return all(
        OURS.fullmatch(path.relative_to(out).as_posix())
        for path in out.rglob('*') if path.is_symlink() or not path.is_dir())


def read_parameters(out: Path) -> Optional[Dict[str, Any]]:
    """Parameters of the finished data set in ``out``, None if there is none.

    A folder without a manifest, or with fewer files than it counts, is not
    finished.
    """
    try:
        content = json.loads((out / MANIFEST).read_text())
        images = sum(content['counts'][split]['images'] for split in SPLITS)
        parameters = content['parameters']
    except (OSError, ValueError, KeyError, TypeError):
        return None
    files = sum(1 for _ in out.rglob('*.png'))
    return parameters if files == 2 * images else None


def check_free(out: Path, force: bool) -> None:
    """Raise OSError if making a data set in ``out`` would cost something."""
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f'{out} is not a folder')
    if not out.exists() or force:
        return
    if read_parameters(out) is not None:
        raise FileExistsError(f'{out} holds a demo data set made with other '
                              'parameters, --force replaces it')
    if not is_ours(out):
        raise FileExistsError(f'{out} is not empty, --force moves what it '
                              f'holds to {out.name}.old')


def move_away(out: Path, scratch: Path) -> None:
    """Move ``out`` to ``scratch`` if it is ours, else to ``<out>.old``."""
    if is_ours(out):
        out.replace(scratch / 'replaced')
        return
    keep = out.with_name(f'{out.name}.old')
    if keep.exists():
        raise FileExistsError(f'{out} is not empty and {keep} exists')
    out.replace(keep)


def remove_stale(out: Path, age: float = 3600.) -> None:
    """Remove what makers of ``out`` left that were killed an hour ago."""
    for path in out.parent.glob(f'.{escape(out.name)}.partial-*'):
        if time.time() - path.stat().st_mtime > age:
            shutil.rmtree(path, ignore_errors=True)


def make_demo_digits(out: Union[str, Path],
                     spec: DemoDigits = DemoDigits(),
                     force: bool = False) -> bool:
    """Make the demo data set in a folder, all of it or nothing.

    A folder with part of a demo data set is made anew.

    Args:
        out (str | Path): The folder. It appears when it is finished.
        spec (DemoDigits): The parameters.
        force (bool): Replace a data set made with other parameters, and move
            a folder with anything else to ``<out>.old``.

    Returns:
        bool: False if ``out`` holds this very data set already.

    Raises:
        OSError: If ``out`` is a file, is taken or cannot be written.
    """
    out = Path(out).resolve()
    if read_parameters(out) == json.loads(json.dumps(asdict(spec))):
        return False
    check_free(out, force)
    out.parent.mkdir(parents=True, exist_ok=True)
    remove_stale(out)
    with tempfile.TemporaryDirectory(
            prefix=f'.{out.name}.partial-', dir=out.parent) as scratch:
        made = Path(scratch) / out.name
        write_all(made, spec)
        if out.exists():
            move_away(out, Path(scratch))
        made.replace(out)
    return True
