"""ScaleNet in PointPillars, from the teacher to an exported network, on tiny
data in KITTI's format."""
import importlib.util
from pathlib import Path

import pytest
import torch
from kitti_runs import small_field
from mmengine.config import Config
from mmengine.runner import Runner
from shipped import named
from short_runs import run_short, shorten

from scalenas_mm.backbones import find_searchable
from scalenas_mm.backbones.base import searchable_cfg
from scalenas_mm.datasets import make_tiny
from scalenas_mm.export import (OnnxNetwork, OnnxOptions, export_candidate,
                                open_source, use_onnx)
from scalenas_mm.search import read_archive, read_meta

pytest.importorskip('mmdet3d')

NAME = 'scalenet-w32_pointpillars{}_kitti-3d-3class'
AP = 'Kitti metric/pred_instances_3d/KITTI/Overall_3D_AP40_moderate'
pytestmark = pytest.mark.usefixtures('uncompiled_metric')


@pytest.fixture(scope='module')
def kitti(tmp_path_factory):
    return make_tiny('kitti', tmp_path_factory.mktemp('data') / 'kitti')


@pytest.fixture(autouse=True)
def plain_config_text():
    """Exported configs are read again, and so not left as they are."""


def load(step, data):
    config = Config.fromfile(named(NAME.format(step)))
    small_field(config._cfg_dict, data)
    shorten(config, input_size=(128, 128))
    config.train_dataloader.batch_size = 1
    config.train_dataloader.dataset.times = 1
    model = config.model.get('architecture', config.model)
    searchable_cfg(model).update(width=8, stage1_blocks=1, num_modules=(1, 1))
    model.neck.in_channels = [8, 16, 32]
    model.test_cfg.update(score_thr=0., max_num=5)  # untrained, but it detects
    return config


def written(config, path):
    """The config as a file, which exporting begins with."""
    path.write_text('\n'.join(f'{key} = {value!r}'
                              for key, value in config.to_dict().items()))
    return path


@pytest.mark.slow
def test_from_teacher_to_exported_network(kitti, tmp_path):
    runner, teacher = run_short(load('_8xb6-80e', kitti), tmp_path / 'teacher')
    assert runner.iter == 2
    runner, supernet = run_short(
        load('_supernet_8xb6-80e', kitti), tmp_path / 'supernet', teacher)
    history = runner.message_hub.log_scalars
    assert history['train/distill.loss_mse'].current() > 0
    assert f'val/max/{AP}' in history and f'val/hrnet/{AP}' in history
    config = load('_search', kitti)
    runner, _ = run_short(config, tmp_path / 'search', supernet)
    archive = Path(runner.train_loop.archive_path)
    records = read_archive(archive)
    assert [record.ok for record in records] == [True] * 3
    cost = records[0].cost
    assert cost['params'] - cost['backbone_params'] == sum(
        p.numel() for name, p in runner.model.architecture.named_parameters()
        if not name.startswith('backbone.'))
    assert cost['macs'] > cost['backbone_macs']
    plain = export(config, supernet, archive, records[1], tmp_path)
    assert find_searchable(plain.model).arch.to_dict() == records[1].arch
    assert plain.test() == pytest.approx(records[1].metrics, abs=0)
    pytest.importorskip('onnxruntime')
    expected = detected(plain)
    path, = (tmp_path / 'exported').glob('*.onnx')
    use_onnx(plain.model, OnnxNetwork(path))
    torch.testing.assert_close(detected(plain), expected, rtol=1e-3, atol=1e-3)
    assert plain.test() == pytest.approx(records[1].metrics, rel=1e-3)


def detected(runner):
    """Boxes and scores in one scene."""
    data = next(iter(runner.test_loop.dataloader))
    with torch.no_grad():
        sample, = runner.model.eval().test_step(data)
    found = sample.pred_instances_3d
    assert len(found)
    return found.bboxes_3d.tensor, found.scores_3d


def export(config, supernet, archive, record, folder):
    """Export a candidate; a runner with what was written."""
    path = written(config, folder / 'search.py')
    (folder / 'exported').mkdir()
    source = open_source(path, config, str(supernet), read_meta(archive))
    onnx = OnnxOptions() if importlib.util.find_spec('onnxruntime') else None
    export_candidate(source, record, folder / 'exported', 'A candidate.', True,
                     lambda *_: None, onnx)
    path, = (folder / 'exported').glob('*.py')
    found = Config.fromfile(path)
    found.update(
        work_dir=str(folder / 'plain'),
        load_from=str(path.with_suffix('.pth')),
        test_cfg=dict(type='TestLoop'))  # it inherits from the search alone
    found.experiment_name = f'plain_{folder.name}'
    return Runner.from_cfg(found)


@pytest.mark.slow
def test_a_sub_network_alone(kitti, tmp_path):
    runner, _ = run_short(load('_subnet_8xb6-80e', kitti), tmp_path / 'subnet')
    backbone = find_searchable(runner.model)
    assert backbone.arch == backbone.space.hrnet_arch()
    with torch.no_grad():
        maps = backbone.eval()(torch.rand(1, 64, 128, 128))
    # the neck brings all to stride 2
    assert runner.model.neck(maps)[0].shape == (1, 384, 64, 64)
