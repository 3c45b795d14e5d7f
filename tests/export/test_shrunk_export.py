"""From a run that shrinks to plain networks, by the command line."""
import json
import shutil

import pytest
import torch
from commands import run
from mmengine.config import Config
from tiny_search import runner_of
from tiny_shrunk import write_shrinking

from scalenas_mm.search import read_archive

pytest.importorskip('mmseg')


def tool(name, *args, code=0):
    result = run(name, *args)
    assert result.code == code, result.out + result.err
    return result.err if code else result.out


@pytest.fixture(scope='module')
def shrunk(tmp_path_factory):
    """Config and work directory of a run of 8 iterations."""
    folder = tmp_path_factory.mktemp('shrunk')
    config = write_shrinking(folder)
    runner_of(config, folder / 'run').train()
    return config, folder / 'run'


@pytest.fixture(scope='module')
def exported(shrunk):
    """All of its networks, exported from the archive alone."""
    config, work_dir = shrunk
    tool('export.py', config, '--archive', work_dir / 'archive.jsonl', '--id',
         *map(str, range(len(read_archive(work_dir / 'archive.jsonl')))))
    return work_dir / 'exported'


def test_the_run_leaves_networks_and_plots(shrunk):
    _, work_dir = shrunk
    records = read_archive(work_dir / 'archive.jsonl')
    assert [record.step for record in records] == [3, 6, 8]
    limit = .5 * records[0].cost['macs']
    assert .98 * limit <= records[-1].cost['macs'] <= limit
    for name in ('pareto.png', 'trajectory.png', 'arch.png'):
        assert (work_dir / name).stat().st_size > 1000


def test_files(shrunk, exported):
    records = read_archive(shrunk[1] / 'archive.jsonl')
    for record in records:
        path = exported / f'hrnas_{record.id:04d}'
        assert json.loads(path.with_suffix('.json').read_text()) == record.arch
        text = path.with_suffix('.py').read_text()
        assert "_base_ = '../../tiny_plain.py'" in text
        assert 'Shrink' not in text and f'after {record.step} iter' in text
        assert path.with_suffix('.png').stat().st_size > 1000
        cfg = Config.fromfile(path.with_suffix('.py'))
        assert cfg.model.backbone.arch.to_dict() == record.arch
        assert 'custom_hooks' not in cfg


@pytest.mark.parametrize('id', [0, 2])
def test_scores_what_was_recorded(shrunk, exported, tmp_path, id):
    """To the last digit: the same weights and statistics."""
    path, out = exported / f'hrnas_{id:04d}', tmp_path / 'metrics.json'
    tool('test.py', path.with_suffix('.py'), path.with_suffix('.pth'),
         '--work-dir', tmp_path, '--out', out)
    metrics = json.loads(out.read_text())
    expected = read_archive(shrunk[1] / 'archive.jsonl')[id].metrics
    assert {key: metrics[key] for key in expected} == expected


def test_exported_network_trains(exported, tmp_path):
    path = exported / 'hrnas_0002'
    runner = runner_of(
        path.with_suffix('.py'),
        tmp_path,
        train_cfg__max_iters=1,
        load_from=str(path.with_suffix('.pth')))
    assert runner.model.backbone.kind == 'fixed'
    runner.train()


def test_ways_to_choose(shrunk, tmp_path):
    """Under a limit, with a config that stands alone."""
    config, work_dir = shrunk
    archive = work_dir / 'archive.jsonl'
    records = read_archive(archive)
    limit = records[1].cost['macs']
    tool('export.py', config, work_dir / 'shrunk', '--archive', archive,
         '--best', 'mIoU', '--max-macs', str(limit), '--out', tmp_path,
         '--standalone')
    path, = tmp_path.glob('*.py')
    text = path.read_text()
    assert '_base_' not in text and 'Shrink' not in text
    arch = json.loads(path.with_suffix('.json').read_text())
    best = max((r for r in records if r.cost['macs'] <= limit),
               key=lambda r: r.metrics['mIoU'])
    assert arch == best.arch


def test_backbone_alone(shrunk, tmp_path):
    config, work_dir = shrunk
    tool('export.py', config, '--archive', work_dir / 'archive.jsonl', '--id',
         '2', '--backbone-only', '--out', tmp_path, '--for',
         config.with_name('tiny_plain.py'))
    weights = torch.load(
        tmp_path / 'hrnas_0002_backbone.pth', weights_only=True)
    assert all(not key.startswith('backbone') for key in weights['state_dict'])


def test_other_weights_are_refused(shrunk, tmp_path):
    config, work_dir = shrunk
    shutil.copytree(work_dir / 'shrunk', tmp_path / 'shrunk')
    first, second, *_ = sorted((tmp_path / 'shrunk').iterdir())
    path = second.rename(tmp_path / 'second.pth')

    def errors():
        return tool(
            'export.py',
            config,
            tmp_path / 'shrunk',
            '--archive',
            work_dir / 'archive.jsonl',
            '--id',
            '1',
            '--out',
            tmp_path / 'out',
            code=2)

    assert f'there is no {second.name}' in errors()
    checkpoint = torch.load(path, weights_only=True)
    key = next(k for k in checkpoint['state_dict']
               if k.endswith('weight') and k.startswith('architecture'))
    checkpoint['state_dict'][key] += 1
    torch.save(checkpoint, second)
    assert 'holds other weights' in errors()
    shutil.copy(first, second)  # of another architecture
    assert 'does not hold the weights' in errors()
    assert not list(tmp_path.glob('out/*'))


@pytest.mark.parametrize('folder, match', [
    ('nowhere', 'checkpoint not found'),
    ('run/iter_8.pth', 'are in a folder'),
])
def test_wrong_folder(shrunk, folder, match):
    config, work_dir = shrunk
    assert match in tool(
        'export.py',
        config,
        config.parent / folder,
        '--archive',
        work_dir / 'archive.jsonl',
        '--id',
        '1',
        code=2)


def test_a_checkpoint_is_tested_as_it_is(shrunk, tmp_path):
    """With the config of the run, whose network is larger."""
    config, work_dir = shrunk
    record = read_archive(work_dir / 'archive.jsonl')[-1]
    path, = (work_dir / 'shrunk').glob(f'{record.id:04d}_*.pth')
    out = tmp_path / 'metrics.json'
    tool('test.py', config, path, '--work-dir', tmp_path, '--out', out)
    assert json.loads(out.read_text())['mIoU'] == record.metrics['mIoU']
