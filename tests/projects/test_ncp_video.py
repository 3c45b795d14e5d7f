"""The video recogniser of projects/ncp_video, on clips made here."""
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

pytest.importorskip('mmpretrain')
ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / 'projects' / 'ncp_video'
VIDEO = 'ncpvideonet_4xb20-16x4x1-100e_hmdb51-112x112'
PRETRAINED = VIDEO.replace('_', '_imagenet-50-1000-pre_', 1)
SMALL = '8 8 | 1 1 8 | 1 1,1 8,16 | 1 1,1,1 8,16,24 | 1 1,1,1,1 8,16,24,32 | 8'


@pytest.fixture(autouse=True)
def plain_config_text(monkeypatch):
    """A Runner lays its config out four times with yapf, which takes longer
    than two iterations."""
    monkeypatch.setattr(Config, 'pretty_text', property(str))


@pytest.fixture(scope='module', autouse=True)
def project():
    """The project, importable as from the root of the repository."""
    sys.path.insert(0, str(ROOT))
    import projects.ncp_video.ncp_video as module
    yield module
    sys.path.remove(str(ROOT))


def write_video(folder, length, size=48):
    """Frames of a square that moves by two pixels; its colour is the time."""
    folder.mkdir(parents=True)
    for t in range(length):
        image = np.zeros((size, size, 3), np.uint8)
        image[8:24, t % 32:t % 32 + 16] = (0, 10, t)  # blue, green, red
        cv2.imwrite(f'{folder}/{t:03d}.png', image)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Two videos of 70 frames and a short one."""
    root = tmp_path_factory.mktemp('hmdb51')
    for name, length in ('run/a', 70), ('walk/b', 70), ('walk/short', 10):
        write_video(root / 'rawframes' / name, length)
    for split in 'train', 'val':
        (root / f'{split}_split_1.txt'
         ).write_text('run/a 0\nwalk/b 1\nwalk/short 1\n')
    return root


def load(name, data, work_dir):
    """A config of the project with a small network, for the tiny data."""
    config = Config.fromfile(PROJECT / 'configs' / f'{name}.py')
    for part in 'train', 'val', 'test':
        loader = config[f'{part}_dataloader']
        loader.update(batch_size=2, num_workers=0)
        loader.dataset.data_root = str(data)
    config.model.backbone.arch = SMALL
    config.model.head.in_channels = 8
    config.train_cfg.update(max_epochs=2, val_interval=2)
    config.default_hooks.checkpoint.interval = 2
    config.work_dir = str(work_dir)
    config.experiment_name = f'{name}_{work_dir.name}'
    return config


def test_trains_and_validates(data, tmp_path):
    """Two epochs of one batch; the short video is only validated."""
    runner = Runner.from_cfg(load(VIDEO, data, tmp_path))
    runner.train()
    assert runner.iter == 2
    assert len(runner.train_dataloader.dataset) == 2
    assert len(runner.val_dataloader.dataset) == 3
    scalars = runner.message_hub.log_scalars
    assert 0 <= scalars['val/accuracy/top1'].current() <= 100
    assert scalars['val/accuracy/top5'].current() == 100  # of two classes
    assert runner.optim_wrapper.param_groups[0]['lr'] < 0.01


def test_starts_from_the_network_for_images(data, tmp_path, project):
    """All but the 3-D convolution and the classifier come from there."""
    from mmpretrain.registry import MODELS

    from scalenas_mm.backbones import NCPNet
    config = load(PRETRAINED, data, tmp_path)
    images = NCPNet(SMALL, output_stride=32)
    for p in images.parameters():
        torch.nn.init.normal_(p)
    path = tmp_path / 'images.pth'
    weights = {f'backbone.{k}': v for k, v in images.state_dict().items()}
    torch.save({**weights, 'head.fc.weight': torch.zeros(50, 8)}, path)
    config.model.backbone.init_cfg.checkpoint = str(path)
    model = MODELS.build(config.model)
    model.init_weights()
    loaded = model.backbone.state_dict()
    for name, value in images.state_dict().items():
        if not name.startswith('project.'):
            torch.testing.assert_close(loaded.pop(name), value)
    assert {name.split('.')[0] for name in loaded} == {'temporal'}
    assert model.head.fc.weight.shape == (51, 8)


def test_only_the_last_convolution_sees_other_frames(project):
    """It sees one frame before and after; with the 2-D projection in its
    middle and nothing around, the network is NCPNet frame by frame."""
    torch.manual_seed(0)
    from scalenas_mm.backbones import NCPNet
    images = NCPNet(SMALL, output_stride=32).eval()
    video = project.NCPVideoNet(SMALL).eval()
    weights = {
        name.replace('project', 'temporal'): value
        for name, value in images.state_dict().items()
    }
    kernel = torch.zeros_like(video.temporal[0].weight)
    kernel[:, :, 1, 1, 1] = weights['temporal.0.weight'][:, :, 0, 0]
    weights['temporal.0.weight'] = kernel
    video.load_state_dict(weights)
    clips = torch.rand(2, 5, 3, 64, 64)
    with torch.no_grad():
        out, = video(clips)
        for t in range(5):
            torch.testing.assert_close(out[:, :, t], images(clips[:, t])[0])
        torch.nn.init.normal_(video.temporal[0].weight)
        before, = video(clips)
        clips[:, 1] += 1
        after, = video(clips)
    changed = [(before[:, :, t] != after[:, :, t]).any() for t in range(5)]
    assert changed == [True, True, True, False, False]


@pytest.mark.parametrize('size', [(112, 112), (70, 100)])
def test_cost_is_what_the_layers_count(size, project):
    from scalenas_mm.evaluation import count
    from scalenas_mm.spaces import Complexity, NCPArch
    arch = NCPArch.from_code(SMALL)
    model = project.NCPVideoNet(SMALL).eval()
    frames = count(
        model,
        lambda: model(torch.rand(1, 1, 3, *size)),
        skip=[model.temporal])
    assert project.frame_complexity(arch, size) == frames
    whole = count(model, lambda: model(torch.rand(1, 4, 3, *size)))
    clip = project.temporal_complexity(arch, 4, size)
    assert whole == Complexity(frames.params + clip.params,
                               frames.macs * 4 + clip.macs)
    assert project.video_complexity(arch, 4, size, 51) == Complexity(
        frames.params + clip.params + 8 * 51 + 51,
        frames.macs * 4 + clip.macs + 8 * 51)


@pytest.mark.parametrize(
    'length, expected',
    [
        (21, [2, 6, 10, 14, 18]),  # two frames are left before and behind
        (17, [0, 4, 8, 12, 16]),
        (10, [0, 4, 8, 2, 6]),  # too short: begins again
    ])
def test_frames_of_a_clip(length, expected, project):
    load_clip = project.LoadClip(num_frames=5, interval=4)
    assert load_clip.indices(length).tolist() == expected


def test_clips_start_anywhere_and_are_rgb(data, project):
    load_clip = project.LoadClip(num_frames=16, interval=4, random=True)
    np.random.seed(0)
    starts = {load_clip.indices(63)[0] for _ in range(50)}
    assert starts == {0, 1, 2}
    dataset = project.FrameFolders(
        data_root=str(data),
        data_prefix='rawframes',
        ann_file='train_split_1.txt',
        pipeline=[project.LoadClip(num_frames=16, interval=4)])
    clip = dataset[0]['img']
    assert clip.shape == (16, 3, 48, 48) and clip.dtype == torch.uint8
    reds = clip[:, 0].amax(dim=(1, 2)).tolist()
    assert reds == list(range(4, 68, 4))
    assert clip[:, 2].max() == 0


def test_no_video_is_long_enough(data, project):
    with pytest.raises(ValueError, match='at least 99 frames.*longest has 70'):
        project.FrameFolders(
            data_root=str(data),
            data_prefix='rawframes',
            ann_file='train_split_1.txt',
            min_frames=99)


def test_prepare_hmdb51(tmp_path):
    splits, videos = tmp_path / 'splits', tmp_path / 'videos'
    splits.mkdir()
    for name in 'walk', 'run':
        (videos / name).mkdir(parents=True)
        for video in 'ab':
            writer = cv2.VideoWriter(
                str(videos / name / f'{video}.avi'),
                cv2.VideoWriter_fourcc(*'MJPG'), 25, (32, 32))
            for _ in range(3):
                writer.write(np.zeros((32, 32, 3), np.uint8))
            writer.release()
        (splits / f'{name}_test_split1.txt'
         ).write_text('a.avi 1\nb.avi 2 \nunused.avi 0\n')
    command = [
        sys.executable, PROJECT / 'tools' / 'prepare_hmdb51.py', tmp_path
    ]
    subprocess.run(command, check=True)
    assert (tmp_path / 'train_split_1.txt').read_text().split('\n') == [
        'run/a 0', 'walk/a 1', ''
    ]
    assert (tmp_path / 'val_split_1.txt').read_text().split('\n') == [
        'run/b 0', 'walk/b 1', ''
    ]
    frames = sorted((tmp_path / 'rawframes' / 'run' / 'a').iterdir())
    assert [path.name
            for path in frames] == ['00001.jpg', '00002.jpg', '00003.jpg']
    result = subprocess.run([*command, '--split', '2'],
                            capture_output=True,
                            text=True)
    assert result.returncode == 2
    assert 'no file *_test_split2.txt' in result.stderr
