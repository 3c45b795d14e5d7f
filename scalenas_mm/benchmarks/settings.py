"""What is known of the settings of NAS-Bench-MR (NCP, table 6)."""
from typing import Dict, NamedTuple, Optional

from .. import spaces
from ..spaces import Space


class Setting(NamedTuple):
    """One setting.

    Attributes:
        main: Name of the main metric, in per cent.
        mean: Mean of the main metric as published.
        std: Its standard deviation.
        loss: Published L1 error of the predictor on validation, in per cent.
        genes: Numbers in a code.
    """
    main: str
    mean: Optional[float] = None
    std: Optional[float] = None
    loss: Optional[float] = None
    genes: int = 27


# '3ddet': the AP of cars of moderate difficulty, as the released files name it
PAPER: Dict[str, Setting] = {
    'cls-50-1000': Setting('top1', 82.21, 2.64, 0.56),
    'cls-50-100': Setting('top1', 48.59, 3.69, 1.07),
    'cls-10-1000': Setting('top1', 85.70, 1.51, 0.83),
    'cls-10c': Setting('top1', 57.07, 4.51, 1.05),
    'seg': Setting('mIoU', 72.58, 5.33, 0.75),
    'seg-4x': Setting('mIoU', 62.21, 3.37, 0.88),
    '3ddet': Setting('moderate', 76.36, 4.70, 0.85),
    'video': Setting('top1', 19.56, 3.69, 1.07),
    'video-p': Setting('top1', 30.88, 4.65, 1.26),
}
NAS_BENCH_201 = 'nas-bench-201'
KNOWN: Dict[str, Setting] = {**PAPER, NAS_BENCH_201: Setting('Acc', genes=30)}


def space_of(name: str) -> Optional[Space]:
    """The space that the codes of a known setting belong to."""
    kind = 'NASBench201Space' if name == NAS_BENCH_201 else 'NCPSpace'
    return getattr(spaces, kind)() if name in KNOWN else None
