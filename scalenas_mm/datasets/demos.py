"""The kinds of demo data sets, by name."""
from pathlib import Path
from typing import Any, Optional, Union

from .demo_coco import DIGITS_COCO, FIGURES
from .demo_digits import DIGITS
from .demo_folder import Report, make
from .demo_videos import VIDEOS
from .digit_scenes import DemoDigits

KINDS = {kind.name: kind for kind in (DIGITS, DIGITS_COCO, FIGURES, VIDEOS)}


def make_demo(out: Union[str, Path],
              kind: str = 'digits',
              spec: Optional[Any] = None,
              force: bool = False,
              report: Optional[Report] = None) -> bool:
    """Make a demo data set in a folder, all of it or nothing.

    A folder with part of a demo data set is made anew.

    Args:
        out (str | Path): The folder. It appears when it is finished.
        kind (str): ``digits`` for segmentation in Cityscapes' layout,
            ``digits-coco`` with boxes and masks or ``figures`` with
            keypoints, both in COCO's format, ``videos`` with keypoints and
            tracks in PoseTrack18's files.
        spec (DemoDigits | DemoFigures | DemoVideos): The parameters;
            ``KINDS[kind].spec`` by default.
        force (bool): Replace a data set made with other parameters, and move
            a folder with anything else to ``<out>.old``.
        report (callable): Called after each image, or video, with the
            numbers of them that are made and wanted.

    Returns:
        bool: False if ``out`` holds this very data set already.

    Raises:
        OSError: If ``out`` is a file, is taken or cannot be written.
        ValueError: If there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f'kind must be one of {", ".join(KINDS)}, got {kind}')
    chosen = KINDS[kind]
    return make(out, chosen, chosen.spec if spec is None else spec,
                KINDS.values(), force, report)


def make_demo_digits(out: Union[str, Path],
                     spec: DemoDigits = DemoDigits(),
                     force: bool = False) -> bool:
    """Make the demo data set for segmentation; see :func:`make_demo`."""
    return make_demo(out, 'digits', spec, force)
