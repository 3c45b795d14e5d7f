"""What a schedule of key frames costs and gains, on annotated videos."""
from itertools import groupby
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional

import numpy as np
from mmcv import imread
from torch import nn

from scalenas_mm.evaluation import quiet
from scalenas_mm.metrics import PoseTrackMetric
from scalenas_mm.registry import DATASETS
from .costs import network_macs
from .crop import Crop
from .networks import TorchNetworks
from .persons import Person
from .stream import PoseStream

OF_CLIPS = ('num_frames', 'stride', 'key_frames', 'min_frames')


class Schedule(NamedTuple):
    """When there is a key frame.

    Attributes:
        period: Every so many frames.
        rekey_below: And where heatmaps are weaker, see :class:`PoseStream`.
    """
    period: int
    rekey_below: Optional[float] = None


class Tried(NamedTuple):
    """What came of a schedule.

    Attributes:
        macs: Of a person in a frame, on average.
        keys: Share of poses that the key frame's network gave.
        metrics: Of :class:`PoseTrackMetric`.
    """
    macs: float
    keys: float
    metrics: Dict[str, float]


def videos_of(dataset: Mapping[str, Any]) -> List[List[List[Dict[str, Any]]]]:
    """Persons of each labelled frame of each video.

    Args:
        dataset (Mapping): Config of a ``PoseTrackClips``.
    """
    cfg = {k: v for k, v in dataset.items() if k not in OF_CLIPS}
    frames = DATASETS.build(
        dict(cfg, type='scalenas_mm.PoseTrackFrames', pipeline=[]))
    persons = [frames.get_data_info(i) for i in range(len(frames))]
    persons.sort(key=_place)
    out = []
    for _, rows in groupby(persons, lambda person: _place(person)[0]):
        by_frame: Dict[int, List[Dict[str, Any]]] = {}
        for person in rows:
            by_frame.setdefault(_place(person)[1], []).append(person)
        out.append([by_frame.get(i, []) for i in range(max(by_frame) + 1)])
    return out


def _place(person: Dict[str, Any]) -> Any:
    info = person['raw_ann_info']
    return info['vid_id'], info['frame_index'], info['track_id']


def try_schedule(model: nn.Module, dataset: Mapping[str, Any],
                 videos: List[Any], schedule: Schedule) -> Tried:
    """Stream all videos with true boxes.

    Args:
        model (nn.Module): A ``TViPNet``.
        dataset (Mapping): Config of its data set of clips.
        videos (list): From :func:`videos_of`.
        schedule (Schedule): When there is a key frame.
    """
    networks, crop = TorchNetworks(model), Crop(dataset['pipeline'], model)
    metric, keys = PoseTrackMetric(), 0
    for video in videos:
        for person, pose in _poses(networks, crop, video, schedule):
            keys += pose.network == 0
            metric.process(None, [
                dict(
                    raw_ann_info=person['raw_ann_info'],
                    pred_instances=dict(
                        keypoints=pose.keypoints[None],
                        keypoint_scores=pose.scores[None]))
            ])
    poses = len(metric.results)
    macs = network_macs(model, crop.size)
    total = sum(n * one for n, one in zip(networks.counts, macs))
    with quiet():
        metrics = metric.evaluate(poses)
    return Tried(total / poses, keys / poses, metrics)


def _poses(networks: TorchNetworks, crop: Crop, video: List[Any],
           schedule: Schedule) -> Iterator[Any]:
    """Annotated persons of a video and their poses."""
    people = Annotated(video)
    stream = PoseStream(
        networks,
        crop,
        people,
        schedule.period,
        rekey_below=schedule.rekey_below)
    blank = np.zeros((8, 8, 3), np.uint8)
    for frame in video:
        image = imread(frame[0]['img_path']) if frame else blank
        yield from zip(frame, stream.step(image), strict=True)


class Annotated:
    """Persons in the frames of an annotated video, as a stream asks."""

    def __init__(self, video: List[Any]):
        self.video = video

    def __call__(self, index: int, image: np.ndarray,
                 key: bool) -> List[Person]:
        return [
            Person(one['raw_ann_info']['track_id'], one['bbox'][0])
            for one in self.video[index]
        ]
