"""Persons of PoseTrack and what is predicted for them, as arrays."""
from typing import Any, Mapping, Sequence

import numpy as np
import torch

from scalenas_mm.spaces import SettingError

NUM_KEYPOINTS = 17
# of mmpose's 17 joints of PoseTrack18; ears are never annotated
JOINTS = (0, 1, 2, *range(5, 17))
NO_CLIP = -1


def person_dtype(letters: int) -> np.dtype:
    """A ground truth and what is predicted on its box.

    ``image``, ``track`` and ``id`` (of the annotation) are whole numbers,
    ``position`` that in a clip or :data:`NO_CLIP`, ``frame`` the place among
    the labelled frames of ``video``, a name of so many letters, empty where
    this is not known. ``truth`` and ``points`` ``(15, 2)`` and ``head``, the
    head size, are in pixels; ``annotated`` and ``scores`` have shape
    ``(15, )``.
    """
    joints = len(JOINTS)
    numbers = ('image', 'track', 'id', 'position', 'frame')
    return np.dtype([
        *((name, np.int64) for name in numbers),
        ('video', f'U{max(letters, 1)}'), ('head', float),
        ('truth', float, (joints, 2)), ('annotated', bool, (joints, )),
        ('points', float, (joints, 2)), ('scores', float, (joints, ))
    ])


def in_order(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Those with annotated joints by image, track and annotation.

    Args:
        parts (Sequence[np.ndarray]): Of :func:`person_dtype`.

    Raises:
        SettingError: There is none, or one occurs twice.
    """
    persons = np.concatenate([np.zeros(0, person_dtype(1)), *parts])
    persons = persons[persons['annotated'].any(1)]
    if not len(persons):
        raise SettingError('data_samples',
                           'at least one person with annotated joints', 'none')
    keys = np.stack([persons[name] for name in ('image', 'track', 'id')])
    order = np.lexsort(keys[::-1])
    twice = (np.diff(keys[:, order]) == 0).all(0)
    if twice.any():
        one = keys[:, order[twice.argmax()]].tolist()
        raise SettingError('data_samples', 'each person of an image once',
                           'twice image {}, track {}, id {}'.format(*one))
    return persons[order]


# -- what data samples say ------------------------------------------------
def read_clip(frames: Sequence[Any]) -> np.ndarray:
    """A row of :func:`person_dtype` for each frame."""
    rows = []
    for position, frame in enumerate(frames):
        frame = frame if isinstance(frame, Mapping) else frame.to_dict()
        if not frame.get('padded', False):
            rows.append(read_person(frame, position))
    return np.concatenate(rows) if rows else np.zeros(0, person_dtype(1))


def read_person(sample: Mapping[str, Any], position: int) -> np.ndarray:
    """One row of :func:`person_dtype`."""
    truth = _truth(sample)
    in_time = {'vid_id', 'frame_index', 'track_id'} <= truth.keys()
    video = str(truth['vid_id']) if in_time else ''
    row = np.zeros(1, person_dtype(len(video)))
    row['image'], row['position'] = truth['image_id'], position
    row['track'] = truth.get('track_id', -1)
    row['id'] = truth.get('id', -1)
    row['video'], row['frame'] = video, truth.get('frame_index', -1)
    row['head'] = 0.6 * np.hypot(*truth['bbox_head'][2:4])
    keypoints = _shaped('raw_ann_info.keypoints', truth['keypoints'],
                        (3 * NUM_KEYPOINTS, )).reshape(NUM_KEYPOINTS, 3)
    row['truth'] = keypoints[JOINTS, :2]
    row['annotated'] = keypoints.any(1)[list(JOINTS)]
    predicted = sample['pred_instances']
    row['points'] = _shaped('pred_instances.keypoints', predicted['keypoints'],
                            (1, NUM_KEYPOINTS, 2))[:, JOINTS]
    row['scores'] = _shaped('pred_instances.keypoint_scores',
                            predicted['keypoint_scores'],
                            (1, NUM_KEYPOINTS))[:, JOINTS]
    return row


def _truth(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    """The annotation of a sample that has all that is needed."""
    for name in ('raw_ann_info', 'pred_instances'):
        if not isinstance(sample.get(name), Mapping):
            raise SettingError('data_samples', f'{name} of one person in each',
                               sorted(sample))
    truth = sample['raw_ann_info']
    missing = {'image_id', 'keypoints', 'bbox_head'} - truth.keys()
    if missing:
        raise SettingError('raw_ann_info', f'{sorted(missing)} in each',
                           sorted(truth))
    return truth


def _shaped(field: str, value: Any, shape: tuple) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    value = np.asarray(value)
    if value.shape != shape:
        raise SettingError(field, f'shape {shape}', value.shape)
    return value
