"""A video model on a stream of frames."""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from torch import Tensor

from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.settings import probability, whole
from .clock import Clock
from .persons import Person


class Pose(NamedTuple):
    """A person's pose in a frame.

    Attributes:
        track: Number of the person.
        box: ``(4, )``: x1, y1, x2, y2 in pixels.
        box_score: Of the box.
        keypoints: ``(K, 2)``: x and y in pixels.
        scores: ``(K, )``.
        network: Which one gave it: 0 is the key frame's.
        rekeyed: The key frame's ran since the propagated heatmaps were weak.
    """
    track: int
    box: np.ndarray
    box_score: float
    keypoints: np.ndarray
    scores: np.ndarray
    network: int
    rekeyed: bool


class Chain(NamedTuple):
    """What goes on from frame to frame.

    Attributes:
        box: That of the key frame.
        heatmaps: Of the frame before, ``(1, K, h, w)``.
        age: Frames since the key frame.
    """
    box: np.ndarray
    heatmaps: Tensor
    age: int


class PoseStream:
    """Poses frame by frame, with memory for the persons of one frame.

    Each network runs on one person at a time, so that a pose does not depend
    on who else is in the image. A person who was not in the frame before
    begins with the key frame's network; so do all after a frame that could
    not be read, or had another resolution.

    Args:
        networks (TorchNetworks): What to run.
        crop (Crop): From image and box to the input of a network.
        persons (Callable): Who is in a frame, from its number, its image and
            whether it is a key frame of the video. Where it has new boxes in
            key frames only, the others are cropped as they were.
        period (int, optional): A key frame every so many frames. Defaults to
            T + 1. With more, the last network runs again and again; with 1,
            the key frame's is the only one.
        key_frames (str): Which frames are key frames: every period-th one of
            the ``video``, or, from its own first one on, of a ``track``.
        rekey_below (float, optional): Where the mean over joints of the
            maxima of the heatmaps is less, the key frame's network runs on
            the same frame and the chain begins anew. Both networks count.
        clock (Clock, optional): Notes how long stages take.

    Raises:
        SettingError: An argument is not valid.
    """

    def __init__(self,
                 networks: Any,
                 crop: Any,
                 persons: Any,
                 period: Optional[int] = None,
                 key_frames: str = 'video',
                 rekey_below: Optional[float] = None,
                 clock: Optional[Clock] = None):
        if key_frames not in ('video', 'track'):
            raise SettingError('key_frames', 'video or track', key_frames)
        self.networks = networks
        self.crop = crop
        self.persons = persons
        self.period = networks.num_frames + 1 if period is None else whole(
            'period', period)
        self.key_frames = key_frames
        self.rekey_below = rekey_below
        if rekey_below is not None:
            probability('rekey_below', rekey_below)
        self.clock = clock or Clock()
        self.index = 0
        self.chains: Dict[int, Chain] = {}
        self._shape: Tuple[int, ...] = ()
        self._missed_key = False

    @property
    def key_due(self) -> bool:
        """Whether the next frame is a key frame of the video."""
        return self.index % self.period == 0

    def step(self, image: Optional[np.ndarray]) -> List[Pose]:
        """Poses of the next frame.

        Args:
            image (ndarray, optional): uint8 ``(height, width, 3)``, BGR. None
                for a frame that could not be read: nobody is there.
        """
        due = self.key_due
        self._missed_key = look = self._missed_key or due
        if image is None:
            self.chains, poses = {}, []
        else:
            self._missed_key = False
            if image.shape != self._shape:
                self._shape, self.chains = image.shape, {}
            with self.clock('find persons'):
                people = self.persons(self.index, image, look)
            poses = self._poses(image, people, due)
        self.index += 1
        return poses

    def _poses(self, image: np.ndarray, people: Sequence[Person],
               due: bool) -> List[Pose]:
        # who is missing is forgotten
        chains, self.chains, poses = self.chains, {}, []
        for person in people:
            chain = chains.get(person.track)
            if self._begins(chain, due):
                chain = None
            pose, self.chains[person.track] = self._pose(image, person, chain)
            poses.append(pose)
        return poses

    def _begins(self, chain: Optional[Chain], due: bool) -> bool:
        if chain is None or self.key_frames == 'video':
            return chain is None or due
        return chain.age + 1 >= self.period

    def _pose(self, image: np.ndarray, person: Person,
              chain: Optional[Chain]) -> Tuple[Pose, Chain]:
        network, rekeyed, age = 0, False, 0
        if chain is not None:
            age = chain.age + 1
            network = min(age, self.networks.num_frames)
            box = chain.box if self.crop.boxes == 'key' else person.box
            inputs, sample = self._crop(image, box, person)
            with self.clock(f'network of frame {network}'):
                heatmaps = self.networks.frame(network, inputs, chain.heatmaps)
                rekeyed = self._is_weak(heatmaps)
        if chain is None or rekeyed:
            network, age, box = 0, 0, person.box
            inputs, sample = self._crop(image, box, person)
            with self.clock('network of key frame'):
                heatmaps = self.networks.key(inputs)
        with self.clock('decode'):
            found = self.networks.decode(heatmaps, sample)
        pose = Pose(person.track, person.box, person.score, found.keypoints[0],
                    found.keypoint_scores[0], network, rekeyed)
        start = box if chain is None or rekeyed else chain.box
        return pose, Chain(start, heatmaps, age)

    def _crop(self, image: np.ndarray, box: np.ndarray,
              person: Person) -> Tuple[Tensor, Any]:
        with self.clock('crop'):
            return self.crop(image, box, person.score)

    def _is_weak(self, heatmaps: Tensor) -> bool:
        return self.rekey_below is not None and float(
            heatmaps.flatten(2).amax(2).mean()) < self.rekey_below
