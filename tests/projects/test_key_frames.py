"""Schedules of key frames on annotated videos."""
# flake8: noqa: E402
import numpy as np
import pytest
import torch

pytest.importorskip('mmpose.models')

import tvipnas_models
from mmengine.dataset import pseudo_collate

from projects.vipnas_video.vipnas_video.streaming.schedules import (
    Schedule, try_schedule, videos_of)
from scalenas_mm.datasets import DemoVideos, make_demo
from scalenas_mm.export import cut
from scalenas_mm.metrics import PoseTrackMetric
from scalenas_mm.registry import DATASETS


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    """Config of tiny videos in clips."""
    folder = tmp_path_factory.mktemp('videos') / 'demo'
    make_demo(folder, 'videos', DemoVideos(train=1, val=2, frames=7))
    size = tvipnas_models.SIZE[::-1]
    return dict(
        type='scalenas_mm.PoseTrackClips',
        data_root=str(folder),
        ann_file='annotations/posetrack18_val.json',
        data_prefix=dict(img=''),
        num_frames=2,
        test_mode=True,
        pipeline=[
            dict(
                type='scalenas_mm.OnEachFrame',
                transforms=[
                    dict(type='mmpose.LoadImage'),
                    dict(type='mmpose.GetBBoxCenterScale'),
                    dict(type='mmpose.TopdownAffine', input_size=size),
                    dict(type='mmpose.PackPoseInputs')
                ])
        ])


@pytest.fixture
def model(monkeypatch):
    """A fixed model of 17 keypoints with random weights."""
    monkeypatch.setattr(tvipnas_models, 'JOINTS', 17)
    cfg = tvipnas_models.video_cfg()
    supernet = tvipnas_models.build(cfg)
    arch = supernet.backbone.space.sample(np.random.default_rng(0))
    return cut(supernet, cfg, arch, [], []).model


def test_a_key_frame_after_t_frames_is_the_clip_model(model, dataset):
    """Same poses, hence the same AP as over clips, to the last digit."""
    clips, metric = DATASETS.build(dataset), PoseTrackMetric()
    for i in range(len(clips)):
        with torch.no_grad():
            samples = model.val_step(pseudo_collate([clips[i]]))
        metric.process(None, [sample.to_dict() for sample in samples])
    expected = metric.evaluate(len(clips))
    tried = try_schedule(model, dataset, videos_of(dataset), Schedule(3))
    names = [name for name in expected if 'AP_' not in name]
    assert {
        name: tried.metrics[name]
        for name in names
    } == {
        name: expected[name]
        for name in names
    }


def test_cost_and_share_of_key_frames(model, dataset):
    for head in model.heads:  # heatmaps of zeros are weak
        torch.nn.init.zeros_(head.final_layer.weight)
        torch.nn.init.zeros_(head.final_layer.bias)
    videos = videos_of(dataset)
    every, third, weak, strong = (
        try_schedule(model, dataset, videos, Schedule(*how))
        for how in ((1, ), (3, ), (3, 1.0), (3, 0.0)))
    assert every.keys == 1 and 1 / 3 <= third.keys < 1
    assert third.macs < every.macs < weak.macs  # both networks ran
    assert weak.keys == 1 and strong == third
    assert weak.metrics == every.metrics
