"""Demo configs of two tasks over one space, from supernets to one export."""
import json

import pytest
import torch
from commands import run
from mmengine.config import Config
from mmengine.registry import init_default_scope
from shipped import named
from short_runs import run_short, shorten

from scalenas_mm.datasets import (DemoDigits, DemoFigures, make_demo,
                                  make_demo_digits)
from scalenas_mm.registry import MODELS
from scalenas_mm.search import read_archive

for library in 'mmseg', 'mmpose':
    pytest.importorskip(library)

POSE, SEG = 'scalenet-w8_td-hm', 'scalenet-w8_fcn'
SEARCHES = dict(
    seg=f'{SEG}_search_digits-96x96',
    pose=f'{POSE}_search-joint_figures-128x96')
# a search is short, and its data are loaded here
FEW = [
    '--cfg-options', 'train_cfg.num_calibration_batches=1',
    *(f'{part}_dataloader.{key}' for part in ('train', 'val')
      for key in ('num_workers=0', 'persistent_workers=False'))
]
METRICS = dict(seg='mIoU', pose='coco/AP')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with few pictures of both demos."""
    make_demo_digits(tmp_path / 'data' / 'scalenas_demo',
                     DemoDigits(train=2, val=2))
    make_demo(tmp_path / 'data' / 'scalenas_demo_figures', 'figures',
              DemoFigures(train=1, val=1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(folder, name, start=None):
    config = Config.fromfile(named(name))
    config.train_dataloader.batch_size = 2
    shorten(config)
    config.visualizer.name = name  # or all runs share one
    return run_short(config, folder / 'work_dirs' / name, start)[1]


def supernets(folder):
    """Of segmentation as it begins; of pose after two iterations."""
    init_default_scope('mmseg')
    seg = folder / 'seg.pth'
    config = Config.fromfile(named(SEARCHES['seg']))
    model = MODELS.build(config.model)
    torch.save(dict(state_dict=model.state_dict()), seg)
    teacher = train(folder, f'{POSE}_1xb16-700iters_figures-128x96')
    pose = train(folder,
                 f'{POSE}_supernet-joint_1xb16-900iters_figures-128x96',
                 teacher)
    return model.backbone.space, dict(seg=seg, pose=pose)


def test_one_architecture_for_segmentation_and_pose(folder):
    space, weights = supernets(folder)
    archs = [space.min_arch(), space.hrnet_arch()]
    (folder / 'archs.jsonl').write_text('\n'.join(arch.to_json()
                                                  for arch in archs))
    archives = []
    for task, name in SEARCHES.items():
        result = run('search.py', named(name), weights[task], '--archs',
                     'archs.jsonl', '--work-dir', task, *FEW)
        assert result.code == 0, result.err
        archives.append(f'{task}={task}/archive.jsonl')
    result = run('joint_search.py', 'front', *archives, '--metric',
                 *(f'{task}={key}' for task, key in METRICS.items()), '--out',
                 'joint.jsonl')
    assert result.code == 0, result.err
    assert '2 architectures measured in all tasks' in result.out
    joined = read_archive('joint.jsonl')[1]
    for task, name in SEARCHES.items():
        own = read_archive(folder / task / 'archive.jsonl')[1]
        key = METRICS[task]
        assert joined.metrics[f'{task}.{key}'] == own.metrics[key]
        result = run('export.py', named(name), weights[task], '--archive',
                     'joint.jsonl', '--task', task, '--id', 1, *FEW)
        assert result.code == 0, result.err
        files = folder / 'exported' / task / 'scalenet_0001'
        arch = json.loads(files.with_suffix('.json').read_text())
        assert arch == archs[1].to_dict()
        init_default_scope(f'mm{task}')
        model = MODELS.build(Config.fromfile(files.with_suffix('.py')).model)
        model.load_state_dict(
            torch.load(files.with_suffix('.pth'),
                       weights_only=True)['state_dict'])
        assert model.backbone.space.to_dict() == space.to_dict()
