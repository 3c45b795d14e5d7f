"""An exported video model, frames, and parts that only count, for tests of
streams."""
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.config import Config
from tvipnas_models import JOINTS, SIZE, build, video_cfg

from scalenas_mm.export import cut

NAMES = ['nose', 'left_hand', 'right_hand', 'left_foot', 'right_foot']
META = dict(
    dataset_name='five',
    joint_weights=[1.] * JOINTS,
    sigmas=[0.05] * JOINTS,
    keypoint_info={
        i: dict(name=name, id=i, color=[0, 0, 255], type='upper', swap='')
        for i, name in enumerate(NAMES)
    },
    skeleton_info={
        i: dict(link=('nose', name), id=i, color=[0, 0, 255])
        for i, name in enumerate(NAMES[1:])
    })


def pipeline(boxes='key'):
    """Of a data set of clips."""
    return [
        dict(
            type='scalenas_mm.OnEachFrame',
            boxes=boxes,
            transforms=[
                dict(type='mmpose.LoadImage'),
                dict(type='mmpose.GetBBoxCenterScale'),
                dict(type='mmpose.TopdownAffine', input_size=SIZE[::-1]),
                dict(type='mmpose.PackPoseInputs')
            ])
    ]


def exported(family='mobilenetv3', seed=1, **settings):
    """A sub-network, with a config that normalises images."""
    cfg = video_cfg(family, **settings)
    cfg['data_preprocessor'].update(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True)
    supernet = build(cfg)
    arch = supernet.backbone.space.sample(np.random.default_rng(seed))
    return cut(supernet, cfg, arch, [], [])


def write_model(folder, subnet):
    """Config and checkpoint as export writes them; their paths."""
    config = Config(
        dict(
            custom_imports=dict(imports=[
                'scalenas_mm.registry', 'projects.vipnas_video.vipnas_video'
            ]),
            default_scope='mmpose',
            model=subnet.cfg,
            test_dataloader=dict(
                dataset=dict(
                    type='scalenas_mm.PoseTrackClips',
                    metainfo=META,
                    pipeline=pipeline()))))
    config.dump(str(folder / 'video.py'))
    torch.save(
        dict(state_dict=subnet.model.state_dict()), folder / 'video.pth')
    return folder / 'video.py', folder / 'video.pth'


def pictures(num, size=(96, 128), seed=0):
    """Images of soft blobs."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (num, 12, 16, 3)).astype(np.float32)
    return [
        np.kron(one, np.ones(
            (size[0] // 12, size[1] // 16, 1))).astype(np.uint8)
        for one in noise
    ]


class CountingNetworks:
    """Notes what runs; ``weak`` are calls whose heatmaps are all zero."""

    def __init__(self, num_frames=3, weak=()):
        self.num_frames, self.weak = num_frames, set(weak)
        self.counts = [0] * (num_frames + 1)
        self.ran = []

    def key(self, image):
        return self._run(0)

    def frame(self, number, image, heatmaps):
        return self._run(number)

    def _run(self, number):
        self.counts[number] += 1
        self.ran.append(number)
        return torch.full((1, 2, 2, 2), float(len(self.ran) not in self.weak))

    def decode(self, heatmaps, sample):
        return SimpleNamespace(
            keypoints=np.zeros((1, 2, 2)), keypoint_scores=np.ones((1, 2)))


class NoCrop:
    """Notes the boxes that are cropped."""

    def __init__(self, boxes='key', most=100):
        self.boxes, self.most = boxes, most
        self.seen = []

    def __call__(self, image, box, score):
        self.seen = [*self.seen, float(box[0])][-self.most:]
        return None, None
