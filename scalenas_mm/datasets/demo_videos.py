"""The demo data set of videos, in PoseTrack18's files.

::

    demo.json                                        written last
    images/<split>/000000_demo/000000.jpg            video, frame
    annotations/posetrack18_<split>.json
    videos/val/000000_demo.mp4                       of the first videos
    videos/val/000000_demo.boxes.json                who is where in them

Images have PoseTrack18's ids: 1, six digits of the video, four of the frame;
``frame_id`` is the same. Two digits of the track follow in the id of an
annotation. ``bbox`` holds all of a person in the image, hidden or not, and
``area`` counts its pixels; so the size of who is hidden does not change. A
person of whom next to nothing is seen has no annotation.

What is in the videos is drawn by :mod:`.video_scenes` and filmed by
:mod:`.video_film`.
"""
import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import cv2
import numpy as np

from .coco_json import mark
from .demo_coco import PERSON, QUALITY, description
from .demo_folder import Kind
from .photographs import SPLITS, write_image
from .video_film import KEYPOINTS, Frame, Person, film
from .video_scenes import DemoVideos, Scene, draw_scenes

# images or annotations, as in the files
Entries = List[Dict[str, Any]]
CATEGORIES = [dict(PERSON, keypoints=KEYPOINTS)]
FPS = 25


def describe_image(split: str, video: int, number: int,
                   spec: DemoVideos) -> Dict[str, Any]:
    """What the annotations say of a frame."""
    index = 10**10 + video * 10**4 + number
    return dict(
        id=index,
        file_name=f'images/{split}/{video:06d}_demo/{number:06d}.jpg',
        vid_id=f'{video:06d}',
        frame_id=index,
        nframes=spec.frames,
        is_labeled=True,
        width=spec.size[1],
        height=spec.size[0])


def annotate(person: Person, image: int) -> Dict[str, Any]:
    """The annotation of a person in the image of an id."""
    return dict(
        id=image * 100 + person.track,
        image_id=image,
        category_id=1,
        track_id=person.track,
        bbox=list(cv2.boundingRect(person.mask.astype(np.uint8))),
        bbox_head=person.head.round(2).tolist(),
        keypoints=person.keypoints.round(2).ravel().tolist(),
        num_keypoints=int(person.keypoints[:, 2].sum()),
        area=int(person.mask.sum()),
        iscrowd=0,
        scores=[])


def write_frames(root: Path, split: str, video: int, scene: Scene,
                 spec: DemoVideos) -> Tuple[Entries, Entries]:
    """Write the frames of a video.

    Returns:
        tuple: What its annotations say of ``images`` and ``annotations``.
    """
    images, annotations = [], []
    frame: Frame
    for number, frame in enumerate(film(scene, spec.frames)):
        image = describe_image(split, video, number, spec)
        write_image(root / image['file_name'], frame.image, *QUALITY)
        images.append(image)
        annotations += [annotate(who, image['id']) for who in frame.people]
    return images, annotations


def write_json(path: Path, **content: Any) -> None:
    """Write a file that tells whose it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    info = dict(description=description('videos'), version='1.0')
    path.write_text(json.dumps(dict(info=info, **content)) + '\n')


def write_clip(root: Path, images: Entries, annotations: Entries) -> None:
    """Write frames that are stored as a film as well, and its boxes.

    Raises:
        OSError: If OpenCV cannot write it.
    """
    name = Path(images[0]['file_name']).parent.name
    path = root / f'videos/val/{name}.mp4'
    path.parent.mkdir(parents=True, exist_ok=True)
    size = images[0]['width'], images[0]['height']
    code = cv2.VideoWriter.fourcc(*'mp4v')
    writer = cv2.VideoWriter(str(path), code, FPS, size)
    if not writer.isOpened():
        raise OSError(f'OpenCV cannot write {path}: no codec for mp4v')
    for image in images:
        writer.write(cv2.imread(str(root / image['file_name'])))
    writer.release()
    frames: Dict[int, Entries] = {image['id']: [] for image in images}
    for who in annotations:
        box = dict(track_id=who['track_id'], bbox=who['bbox'], score=1.)
        frames[who['image_id']].append(box)
    write_json(path.with_suffix('.boxes.json'), frames=list(frames.values()))


def write(root: Path, spec: DemoVideos,
          done: Callable[[], None]) -> Dict[str, Any]:
    """Write everything; see :class:`.demo_folder.Kind`."""
    counts = {}
    for split in SPLITS:
        all_images: Entries = []
        all_annotations: Entries = []
        for video, scene in enumerate(draw_scenes(spec, split)):
            images, annotations = write_frames(root, split, video, scene, spec)
            if split == 'val' and video < spec.clips:
                write_clip(root, images, annotations)
            all_images += images
            all_annotations += annotations
            done()
        write_json(
            root / f'annotations/posetrack18_{split}.json',
            images=all_images,
            annotations=all_annotations,
            categories=CATEGORIES)
        counts[split] = dict(
            videos=video + 1,
            images=len(all_images),
            annotations=len(all_annotations))
    other = len(SPLITS) + 2 * min(spec.clips, spec.val)
    return dict(counts=counts, other_files=other, categories=CATEGORIES)


VIDEOS = Kind(
    'videos',
    DemoVideos(),
    write,
    re.compile(r'images/(train|val)/\d{6}_demo/\d{6}\.jpg|'
               r'annotations/posetrack18_(train|val)\.json|'
               r'videos/val/\d{6}_demo(\.mp4|\.boxes\.json)'),
    per_image=1,
    marked=mark(description('videos')))
