"""What is exported for other tasks: backbones alone, and joint archives."""
import json

import pytest
import torch
from commands import run
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from tiny_search import runner_of

from scalenas_mm.registry import MODELS
from scalenas_mm.search import read_archive
from scalenas_mm.spaces import ScaleNetSpace

SINGLE = """
_base_ = {base!r}
model = dict(
    {inside}backbone=dict(multi_scale_output=False),
    decode_head=dict(in_channels=2, in_index=0, input_transform=None))
"""


def export(tiny, archive, *args, config='tiny_search.py', weights=None):
    return run('export.py', tiny / config, weights
               or tiny / 'supernet' / 'iter_4.pth', '--archive', archive,
               *args)


@pytest.fixture(scope='module')
def single(tiny):
    """The config of a task that reads one output."""
    path = tiny / 'single_teacher.py'
    path.write_text(SINGLE.format(base='./tiny_teacher.py', inside=''))
    return path


def backbone_of(path, files, **changes):
    """The backbone of a config, as another task's config has it."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(path).model.backbone
    cfg.update(
        arch=f'{files}.json',
        init_cfg=dict(type='Pretrained', checkpoint=f'{files}.pth'),
        **changes)
    backbone = MODELS.build(ConfigDict(cfg))
    backbone.init_weights()
    return backbone.eval()


def test_a_backbone_alone_is_a_start_for_other_tasks(tiny, searched, tmp_path):
    archive = searched / 'archive.jsonl'
    result = export(tiny, archive, '--id', 5, '--out', tmp_path)
    assert result.code == 0, result.err
    result = export(tiny, archive, '--id', 5, '--out', tmp_path,
                    '--backbone-only')
    assert result.code == 0, result.err
    files = tmp_path / 'scalenet_0005_backbone'
    assert f"arch='{files}.json'" in result.out
    arch = json.loads(files.with_suffix('.json').read_text())
    assert arch == read_archive(archive)[5].arch
    backbone = backbone_of(tiny / 'tiny_teacher.py', files)
    whole = torch.load(tmp_path / 'scalenet_0005.pth', weights_only=True)
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, whole['state_dict'][f'backbone.{key}'])
    again = export(tiny, archive, '--id', 5, '--out', tmp_path,
                   '--backbone-only')
    assert 'scalenet_0005_backbone.json exists; --force' in again.err


def test_for_a_task_that_reads_one_output(tiny, single, searched, tmp_path):
    """Its space fixes the last fusions; the weights for them are the
    supernet's, and the map is the first of the network with several."""
    archive, files = searched / 'archive.jsonl', (
        tmp_path / 'scalenet_0005_backbone')
    result = export(tiny, archive, '--id', 5, '--out', tmp_path,
                    '--backbone-only', '--for', single)
    assert result.code == 0, result.err
    source = read_archive(archive)[5]
    arch = json.loads(files.with_suffix('.json').read_text())
    space = ScaleNetSpace(2, False, (1, 2), (1, 1), 4, 1)
    assert arch == space.live(
        space.canonical(space.arch_type.from_dict(source.arch))).to_dict()
    assert arch != source.arch and f'{source.digest} (' in result.out
    image = torch.rand(1, 3, 64, 64)
    one, many = (
        backbone_of(path, files)(image)
        for path in (single, tiny / 'tiny_teacher.py'))
    assert len(one) == 1 and torch.equal(one[0], many[0])


@pytest.mark.parametrize('change, message', [
    ('width=4', 'does not take the weights: '),
    ('num_modules=(1, 2)', 'arch.modules: expected 3 modules'),
    ('depths=(1, )', 'depth[0]: expected one of (1,)'),
])
def test_a_space_that_does_not_fit_is_refused(tiny, searched, tmp_path, change,
                                              message):
    other = tmp_path / 'other.py'
    other.write_text(f"_base_ = {str(tiny / 'tiny_teacher.py')!r}\n"
                     f'model = dict(backbone=dict({change}))\n')
    archive = searched / 'archive.jsonl'
    deep = next(
        r.id for r in read_archive(archive)
        if r.arch['modules'][0]['depth'][0] == 2)
    result = export(tiny, archive, '--id', deep, '--out', tmp_path / 'out',
                    '--backbone-only', '--for', other)
    assert result.code == 2 and message in result.err.splitlines()[-1]
    assert not list((tmp_path / 'out').iterdir())


def test_the_saving_without_dead_layers_is_printed(tiny, single, tmp_path):
    """A search drops them before it measures; other archives may have them.
    Outputs are equal without them."""
    config = tiny / 'single_search.py'
    config.write_text(
        SINGLE.format(base='./tiny_search.py', inside='architecture=dict(') +
        ')\n')
    runner = runner_of(config, tmp_path / 'built')
    weights = tmp_path / 'supernet.pth'
    torch.save(dict(state_dict=runner.model.state_dict()), weights)
    space = runner.model.backbone.space
    arch = space.max_arch().to_dict()
    arch['modules'][1].update(depth=[1, 2, 2])
    arch['modules'][1]['fusion'][0] = [[0, 1, 1]]
    (tmp_path / 'archs.jsonl').write_text(json.dumps(arch))
    result = run('search.py', config, weights, '--archs',
                 tmp_path / 'archs.jsonl', '--work-dir', tmp_path / 'search')
    assert result.code == 0, result.err
    archive = tmp_path / 'search' / 'archive.jsonl'
    record = json.loads(archive.read_text())
    assert record['arch'] != arch
    record.update(arch=arch, digest=space.from_dict(arch).digest)
    archive.write_text(json.dumps(record) + '\n')
    result = export(
        tiny, archive, '--id', 0, config=config.name, weights=weights)
    assert result.code == 0, result.err
    arch = space.from_dict(arch)
    before, after = (
        space.complexity(arch, (64, 64), drop) for drop in (False, True))
    assert before.params > after.params
    assert (f'{before.params / 1e6:.3f} -> {after.params / 1e6:.3f} M '
            f'parameters, {before.macs / 1e9:.4f} -> '
            f'{after.macs / 1e9:.4f} GMACs') in result.out


def test_a_joint_archive_exports_for_each_task(tiny, searched, tmp_path):
    archive, joint = searched / 'archive.jsonl', tmp_path / 'joint.jsonl'
    result = run('joint_search.py', 'front', f'one={archive}',
                 f'two={archive}', '--out', joint)
    assert result.code == 0, result.err
    result = export(tiny, joint, '--best', 'two.mIoU', '--task', 'two')
    assert result.code == 0, result.err
    best = max(
        read_archive(archive), key=lambda record: record.metrics['mIoU'])
    name = tmp_path / 'exported' / 'two' / f'scalenet_{best.id:04d}'
    assert f'mIoU {best.metrics["mIoU"]:g}' in (
        name.with_suffix('.py').read_text())
    assert json.loads(name.with_suffix('.json').read_text()) == best.arch
    for args, message in (([], 'task: expected one or two, got None'),
                          (['--task', 'three'], 'expected one or two, got')):
        wrong = export(tiny, joint, '--id', 0, *args)
        assert wrong.code == 2 and message in wrong.err
    wrong = export(tiny, archive, '--id', 0, '--task', 'one')
    assert 'the archive is of one task' in wrong.err
