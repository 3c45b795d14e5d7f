"""Tiny data sets in the formats of COCO, CrowdPose and MPII.

Images show the figures of :mod:`.figure_scenes` on noise.
"""
import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

from .coco_json import CocoWriter, describe
from .demo_coco import PERSON, annotate_figures
from .figure_poses import KEYPOINTS
from .figure_scenes import DemoFigures, Figure, Scene, draw_scene
from .photographs import write_image

Size = Tuple[int, int]
# COCO's 80 things; the numbers up to 90 that it does not use
COCO_THINGS = '''person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,
traffic light,fire hydrant,stop sign,parking meter,bench,bird,cat,dog,horse,
sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,
frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,
surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,
apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,
potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,
cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,
teddy bear,hair drier,toothbrush'''.replace('\n', '').split(',')
COCO_UNUSED = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
COCO_IDS = sorted(set(range(1, 91)) - COCO_UNUSED)
# Keypoints of the other formats: means of COCO's
CROWDPOSE = [*KEYPOINTS[5:], 'top_head', 'neck']
MPII = ('right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee',
        'left_ankle', 'pelvis', 'thorax', 'upper_neck', 'head_top',
        'right_wrist', 'right_elbow', 'right_shoulder', 'left_shoulder',
        'left_elbow', 'left_wrist')
MIDDLES = dict(pelvis='hip', thorax='shoulder', neck='shoulder')


def draw_people(images: int, size: Size,
                rng: np.random.Generator) -> List[Scene]:
    """Images of noise with two or three figures."""
    tall = 0.9 * min(size)
    spec = DemoFigures(
        size=size, figures=(2, 3), figure_px=(tall / 2, tall), things=1)
    return [
        draw_scene(
            spec,
            rng.integers(0, 256,
                         (2 * size[0], 2 * size[1], 3)).astype(np.uint8), rng)
        for _ in range(images)
    ]


def derive(figure: Figure, names: Tuple[str, ...]) -> np.ndarray:
    """Keypoints (n, 3) by other names than COCO's."""
    points = dict(zip(KEYPOINTS, figure.keypoints))

    def middle(first: np.ndarray,
               second: np.ndarray,
               weight: float = 0.5) -> np.ndarray:
        seen = min(first[2], second[2])
        point = first + weight * (second - first)
        return np.array([*point[:2], seen]) if seen else np.zeros(3)

    for name, pair in MIDDLES.items():
        points[name] = middle(points[f'left_{pair}'], points[f'right_{pair}'])
    points['upper_neck'] = middle(points['thorax'], points['nose'], 0.4)
    points['head_top'] = middle(points['thorax'], points['nose'], 1.6)
    points['top_head'] = points['head_top']
    return np.array([points[name] for name in names])


def crowd(size: Size) -> Dict[str, Any]:
    """COCO's annotation of a crowd: a strip at the left border."""
    height, width = size
    strip = max(4, width // 8)
    return dict(
        category_id=1,
        bbox=[0, 0, strip, height],
        area=strip * height,
        iscrowd=1,
        # runs of pixels outside and inside of it, column by column
        segmentation=dict(
            size=[height, width],
            counts=[0, strip * height, (width - strip) * height]))


def annotate_things(size: Size, rng: np.random.Generator) -> List[dict]:
    """Annotations of two boxes of any category."""
    annotations = []
    for category in rng.choice(COCO_IDS[1:], 2, replace=False):
        mask = np.zeros(size, bool)
        top, left = (int(rng.integers(side // 2)) for side in size)
        mask[top:top + size[0] // 2, left:left + size[1] // 2] = True
        annotations.append(dict(category_id=int(category), **describe(mask)))
    return annotations


def write_coco(root: Path, images: int, size: Size,
               rng: np.random.Generator) -> None:
    """``train2017``, ``val2017``, ``annotations`` and detected people.

    The annotations are instances of all categories, and people with
    keypoints; both have a crowd in each image.
    """
    things = [
        dict(id=number, name=name, supercategory='thing')
        for number, name in zip(COCO_IDS, COCO_THINGS)
    ]
    for split in ('train2017', 'val2017'):
        detected = []
        folder = root / 'annotations'
        with CocoWriter(folder / f'instances_{split}.json', 'tiny', things) \
                as instances, CocoWriter(
                    folder / f'person_keypoints_{split}.json', 'tiny',
                    [PERSON]) as people:
            for index, scene in enumerate(draw_people(images, size, rng)):
                name = f'{index + 1:012d}.jpg'
                write_image(root / split / name, scene.image)
                number = people.add_image(name, scene.image)
                instances.add_image(name, scene.image)
                for person in annotate_figures(scene):
                    people.add_annotation(image_id=number, **person)
                    instances.add_annotation(
                        image_id=number,
                        **{
                            key: value
                            for key, value in person.items()
                            if 'keypoints' not in key
                        })
                    detected.append(detect(number, person['bbox'], rng))
                for thing in annotate_things(size, rng) + [crowd(size)]:
                    instances.add_annotation(image_id=number, **thing)
                people.add_annotation(
                    image_id=number,
                    keypoints=[0] * 51,
                    num_keypoints=0,
                    **crowd(size))
    # of the validation images
    write_json(
        root / 'person_detection_results' /
        'COCO_val2017_detections_AP_H_56_person.json', detected)


def detect(image: int, box: List[int], rng: np.random.Generator) -> dict:
    """A detected person, a little beside the true box."""
    moved = np.array(box) + rng.uniform(-2, 2, 4)
    return dict(
        image_id=image,
        category_id=1,
        bbox=np.maximum(moved, [0, 0, 2, 2]).round(2).tolist(),
        score=round(rng.uniform(0.3, 1), 4))


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_crowdpose(root: Path, images: int, size: Size,
                    rng: np.random.Generator) -> None:
    """``images``, annotations of each split, detected people of the test.

    Images are crowded a little, more and much in turn: CrowdPose's easy,
    medium and hard ones.
    """
    category = dict(PERSON, keypoints=CROWDPOSE, skeleton=[])
    number = 100000
    parts: Dict[str, list] = {}
    for split in ('train', 'val', 'test'):
        parts[split] = []
        for index, scene in enumerate(draw_people(max(3, images), size, rng)):
            number += 1
            write_image(root / f'images/{number}.jpg', scene.image)
            image = dict(
                id=number,
                file_name=f'{number}.jpg',
                height=size[0],
                width=size[1],
                crowdIndex=(0.05, 0.4, 0.9)[index % 3])
            parts[split].append((image, crowdpose_people(number, scene)))
    parts['trainval'] = parts['train'] + parts['val']
    for split, shown in parts.items():
        people = [person for _, found in shown for person in found]
        for index, person in enumerate(people):
            person['id'] = index + 1
        write_json(
            root / f'annotations/mmpose_crowdpose_{split}.json',
            dict(
                images=[image for image, _ in shown],
                annotations=people,
                categories=[category]))
    write_json(root / 'annotations/det_for_crowd_test_0.1_0.5.json', [
        detect(image['id'], person['bbox'], rng)
        for image, people in parts['test'] for person in people
    ])


def crowdpose_people(image: int, scene: Scene) -> List[dict]:
    """Annotations as CrowdPose has them: no masks, no areas."""
    people = []
    for figure in scene.figures:
        points = derive(figure, tuple(CROWDPOSE)).round(2)
        people.append(
            dict(
                image_id=image,
                category_id=1,
                iscrowd=0,
                bbox=describe(figure.mask)['bbox'],
                keypoints=[
                    value for x, y, seen in points.tolist()
                    for value in (x, y, int(seen))
                ],
                num_keypoints=int((points[:, 2] > 0).sum())))
    return people


def write_mpii(root: Path, images: int, size: Size,
               rng: np.random.Generator) -> None:
    """``images``, lists of people, and of the validation set the truth that
    PCKh needs: boxes of the heads."""
    from scipy.io import savemat
    number = 0
    for split in ('train', 'val'):
        people = []
        for scene in draw_people(images, size, rng):
            number += 1
            name = f'{number:09d}.jpg'
            write_image(root / 'images' / name, scene.image)
            people += [
                dict(image=name, **mpii_person(figure))
                for figure in scene.figures
            ]
        write_json(root / f'annotations/mpii_{split}.json', people)
    joints = np.array([person['joints'] for person in people], float)
    missing = 1 - np.array([person['joints_vis'] for person in people])
    heads = np.array([head_box(person) for person in people])
    savemat(
        root / 'annotations/mpii_gt_val.mat',
        dict(
            dataset_joints=np.array([MPII], dtype=object),
            jnt_missing=missing.T,
            pos_gt_src=joints.transpose(1, 2, 0),
            headboxes_src=heads.transpose(1, 2, 0)))


def mpii_person(figure: Figure) -> Dict[str, Any]:
    """Joints counted from 1, -1 where there is none; scale in 200 pixels."""
    joints = derive(figure, MPII)
    joints[:, :2] = np.where(joints[:, 2:] > 0, joints[:, :2] + 1, -1)
    left, top, width, height = describe(figure.mask)['bbox']
    return dict(
        joints=joints[:, :2].round(2).tolist(),
        joints_vis=[int(seen > 0) for seen in joints[:, 2]],
        center=[left + width / 2, top + height / 2],
        scale=height / 200)


def head_box(person: Dict[str, Any]) -> np.ndarray:
    """Two corners (2, 2) of the head's box; its diagonal is a fifth of the
    person's height."""
    centre = np.array(person['center'])
    half = person['scale'] * 200 * 0.1 / np.sqrt(2)
    return np.array([centre - half, centre + half])
