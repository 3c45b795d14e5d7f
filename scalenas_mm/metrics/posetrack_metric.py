"""PoseTrack's AP, for images and for clips of one person."""
from numbers import Real
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger, print_log

from scalenas_mm.registry import METRICS
from scalenas_mm.spaces import SettingError
from .posetrack_ap import COLUMNS, columns, jitter, joint_ap
from .posetrack_persons import NO_CLIP, in_order, read_clip, read_person


@METRICS.register_module()
class PoseTrackMetric(BaseMetric):
    """AP of poses on ground-truth boxes as in the tables of PoseTrack.

    :mod:`scalenas_mm.metrics.posetrack_ap` says how joints are matched and
    how it differs from poseval, which it needs no files for. In percent:

    - ``Head``, ``Sho``, ``Elb``, ``Wri``, ``Hip``, ``Knee``, ``Ank``: means
      of their joints; of the head these are nose, its bottom and its top.
    - ``AP``: the mean over 15 joints, Total in the tables, of all frames.
    - ``AP_0``, ``AP_1``, ...: the same over those persons only who are at
      this position of their clips; 0 is the key frame.
    - ``AP_sum``: the sum of ``AP_t`` over t >= 1, by which ViPNAS searches
      (its Eq. 3).

    and ``jitter``, in head sizes, where annotations say what their neighbours
    in time are: see :func:`~scalenas_mm.metrics.posetrack_ap.jitter`. What
    nothing is annotated for is left out.

    Every joint of every prediction counts as poseval has it, also those that
    the ground truth does not annotate: as false positives. ``min_score``
    leaves joints out, as a submission to poseval may. Wrong ones of the
    lowest scores cost nothing anyway: it can raise AP only where it changes
    for whom a prediction is.

    Args:
        threshold (float): Greatest distance of a right joint in head sizes.
        min_score (float, optional): Joints of lower scores are not predicted.
            Defaults to none.
        collect_device (str): As for every metric.
        prefix (str, optional): As for every metric.

    Raises:
        SettingError: An argument is not valid.
    """
    default_prefix = 'posetrack'

    def __init__(self,
                 threshold: float = 0.5,
                 min_score: Optional[float] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not _is_number(threshold) or not threshold > 0:
            raise SettingError('threshold', 'a number above 0', threshold)
        if min_score is not None and not _is_number(min_score):
            raise SettingError('min_score', 'a number or None', min_score)
        self.threshold = threshold
        self.min_score = -np.inf if min_score is None else min_score

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what a batch says of persons.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Each of one person in one frame,
                with ``pred_instances`` in pixels of the original image and
                ``raw_ann_info`` of the annotation; in this ``vid_id`` and
                ``frame_index``, the place among labelled frames, are
                optional. Or each of a clip, with such ``frames``: what is
                ``padded`` does not count.

        Raises:
            SettingError: Something is missing or has another shape.
        """
        for sample in data_samples:
            # one result a sample: what samplers add is cut off by number
            if 'frames' in sample:
                self.results.append(read_clip(sample['frames']))
            else:
                self.results.append(read_person(sample, NO_CLIP))

    def compute_metrics(self, results: List[np.ndarray]) -> Dict[str, float]:
        """All that the class documents."""
        persons = in_order(results)
        whole = self._columns(persons)
        clips = {
            t: self._columns(persons[persons['position'] == t])
            for t in np.unique(persons['position']).tolist() if t != NO_CLIP
        }
        rows = {'all': whole, **{f't = {t}': row for t, row in clips.items()}}
        print_log('PoseTrack AP:\n' + table(rows),
                  MMLogger.get_current_instance())
        later = [row['AP'] for t, row in clips.items() if t > 0]
        found = whole | {f'AP_{t}': row['AP'] for t, row in clips.items()}
        found['AP_sum'] = sum(later) if later else np.nan
        found['jitter'] = jitter(persons)
        return {
            name: round(value, 4)
            for name, value in found.items() if not np.isnan(value)
        }

    def _columns(self, persons: np.ndarray) -> Dict[str, float]:
        return columns(joint_ap(persons, self.threshold, self.min_score))


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """A line for each; a dash where nothing is annotated."""

    def line(name: str, cells: Sequence[str]) -> str:
        return ' '.join([name.ljust(6), *(f'{c:>5}' for c in cells)])

    def cell(value: float) -> str:
        return '-' if np.isnan(value) else f'{value:.1f}'

    names = [*COLUMNS, 'AP']
    return '\n'.join([
        line('frames', [*COLUMNS, 'Total']),
        *(line(name, [cell(row[n]) for n in names])
          for name, row in rows.items())
    ])


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
