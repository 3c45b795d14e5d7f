"""Persons of PoseTrack18 in clips."""
from itertools import groupby
from typing import Any, Dict, Iterator, List, Optional, Tuple

from mmpose.datasets.datasets import PoseTrack18Dataset

from scalenas_mm.registry import DATASETS
from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.settings import whole

Frame = Dict[str, Any]


@DATASETS.register_module()
class PoseTrackFrames(PoseTrack18Dataset):
    """Persons of PoseTrack18, frame by frame; mmpose's data set, whose
    annotations also say ``vid_id`` and ``frame_index``, the place among the
    labelled frames of the video."""

    def _load_annotations(self) -> Tuple[List[Frame], List[Frame]]:
        persons, images = super()._load_annotations()
        places = frame_places(images)
        persons = [person for person in persons if person['img_id'] in places]
        for person in persons:
            video, place = places[person['img_id']]
            person['raw_ann_info'].update(vid_id=video, frame_index=place)
        return persons, images


def frame_places(images: List[Frame]) -> Dict[int, Tuple[str, int]]:
    """Video of each labelled image, and its place in it, by id."""
    labelled = [image for image in images if image.get('is_labeled', True)]
    labelled.sort(key=lambda image: (str(image['vid_id']), image['frame_id']))
    return {
        image['id']: (video, place)
        for video, rows in groupby(labelled, lambda im: str(im['vid_id']))
        for place, image in enumerate(rows)
    }


@DATASETS.register_module()
class PoseTrackClips(PoseTrackFrames):
    """Persons of PoseTrack18 in clips of a key frame and those that follow.

    A clip is a person, by ground-truth box and track, in consecutive labelled
    frames of a video. It ends where the person is missing; what is too short
    is filled with its last frame, marked as ``padded``. For the pipeline it is
    a dict with a list of ``frames``, each as of ``PoseTrack18Dataset``; its
    first step is :class:`OnEachFrame`.

    Args:
        num_frames (int): Frames after the key frame, T.
        stride (int, optional): So many frames of a track lie between the
            beginnings of two clips. Defaults to T + 1: every frame is in one
            clip, as in evaluation.
        key_frames (str): Which frames are key frames: every (T+1)-th one of
            the ``video``, and the first one of a person that appears between
            them (Sec. 3.1); or every (T+1)-th one of a ``track``, from its
            first one on. Clips with another stride are of tracks.
        min_frames (int): Leave out clips with fewer frames.
        **kwargs: As for ``PoseTrack18Dataset``, without detected boxes.

    Raises:
        SettingError: An argument is not valid, or there are no clips.
    """

    def __init__(self,
                 *args: Any,
                 num_frames: int = 3,
                 stride: Optional[int] = None,
                 key_frames: str = 'video',
                 min_frames: int = 1,
                 **kwargs: Any):
        self.num_frames = whole('num_frames', num_frames, 0)
        length = self.num_frames + 1
        self.stride = whole('stride', length if stride is None else stride)
        if key_frames not in ('video', 'track'):
            raise SettingError('key_frames', 'video or track', key_frames)
        if key_frames == 'video' and self.stride != length:
            raise SettingError('key_frames', 'track, with a stride other than '
                               f'{length}', key_frames)
        self.key_frames = key_frames
        self.min_frames = whole('min_frames', min_frames, 1, length)
        if kwargs.get('bbox_file') or kwargs.get('data_mode') == 'bottomup':
            raise SettingError(
                'bbox_file', 'none: clips are of ground-truth '
                'boxes and tracks', kwargs.get('bbox_file'))
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> List[Dict[str, Any]]:
        persons = super().load_data_list()
        clips = [clip for run in _runs(persons) for clip in self._clips(run)]
        if not clips:
            raise SettingError(
                f'ann_file {self.ann_file}', 'tracks of '
                f'{self.min_frames} frames or more', 'none')
        return [self._filled(clip) for clip in clips]

    def _clips(self, run: List[Frame]) -> Iterator[List[Frame]]:
        """Clips of a person in consecutive frames."""
        length = self.num_frames + 1
        if self.key_frames == 'video':
            parts = [
                list(rows)
                for _, rows in groupby(run, lambda f: _place(f) // length)
            ]
        else:
            last = len(run) if self.stride == length else max(
                1,
                len(run) - length + 1)
            parts = [
                run[start:start + length]
                for start in range(0, last, self.stride)
            ]
        return (part for part in parts if len(part) >= self.min_frames)

    def _filled(self, clip: List[Frame]) -> Dict[str, Any]:
        missing = self.num_frames + 1 - len(clip)
        frames = [dict(frame, padded=False) for frame in clip]
        frames += [dict(clip[-1], padded=True)] * missing
        return dict(frames=frames, id=clip[0]['id'])


def _place(frame: Frame) -> int:
    return frame['raw_ann_info']['frame_index']


def _runs(persons: List[Frame]) -> Iterator[List[Frame]]:
    """Each person in consecutive frames, in the order of videos and tracks."""

    def track(frame: Frame) -> Tuple[str, int]:
        info = frame['raw_ann_info']
        return info['vid_id'], info['track_id']

    persons = sorted(persons, key=lambda frame: (track(frame), _place(frame)))
    for _, rows in groupby(persons, track):
        frames = list(rows)
        # what grows by more than one where frames are missing
        steps = [_place(frame) - i for i, frame in enumerate(frames)]
        for _, part in groupby(zip(steps, frames), lambda pair: pair[0]):
            yield [frame for _, frame in part]
