"""Exported sub-networks through the real command lines."""
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from commands import run
from mmengine.config import Config
from tiny_search import runner_of

from scalenas_mm.export import (cut, fixed_cfg, inheriting_config,
                                standalone_config, task_config)
from scalenas_mm.search import read_archive
from scalenas_mm.spaces import ArchError, ScaleNetSpace

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINT = 'supernet/iter_4.pth'


def tool(name, *args, code=0):
    result = run(name, *args)
    assert result.code == code, result.out + result.err
    return result.err if code else result.out


def export(tiny, searched, *args, **kwargs):
    return tool('export.py', tiny / 'tiny_search.py', tiny / CHECKPOINT,
                '--archive', searched / 'archive.jsonl', *args, **kwargs)


@pytest.fixture(scope='module')
def exported(tiny, searched):
    """Candidate 5, exported."""
    folder = searched / 'exported'
    export(tiny, searched, '--id', '5')
    return folder


def test_writes_config_checkpoint_architecture_and_drawing(
        tiny, searched, exported):
    files = sorted(path.name for path in exported.iterdir())
    assert files == [
        f'scalenet_0005.{suffix}' for suffix in ('json', 'png', 'pth', 'py')
    ]
    record = read_archive(searched / 'archive.jsonl')[5]
    arch = json.loads((exported / 'scalenet_0005.json').read_text())
    assert arch == record.arch
    text = (exported / 'scalenet_0005.py').read_text()
    assert "_base_ = '../../tiny_teacher.py'" in text
    assert 'OneShotSupernet' not in text
    assert max(map(len, text.splitlines())) < 80
    config = Config.fromfile(exported / 'scalenet_0005.py')
    assert config.model.backbone.arch.to_dict() == record.arch
    assert config.train_cfg.type == 'IterBasedTrainLoop'


def test_checkpoint_holds_only_what_the_network_needs(tiny, exported):
    weights = torch.load(exported / 'scalenet_0005.pth', weights_only=True)
    cfg = Config.fromfile(exported / 'scalenet_0005.py')
    runner = runner_of(exported / 'scalenet_0005.py', tiny / 'plain')
    assert set(weights['state_dict']) == set(runner.model.state_dict())
    assert len(weights['meta']['dataset_meta']['classes']) == 19
    assert cfg.model.backbone.type == 'scalenas_mm.ScaleNet'


def test_the_preprocessor_may_stand_at_the_top(tiny, tmp_path):
    """As mmpretrain's configs of data have it: searched and exported with."""
    config = tiny / 'top_search.py'
    config.write_text("""\
_base_ = './tiny_search.py'
data_preprocessor = dict(type='SegDataPreProcessor', size=(64, 64),
                         mean=[120.0] * 3, std=[60.0] * 3)
architecture = _base_.model.architecture
architecture.pop('data_preprocessor')
model = dict(architecture=dict(_delete_=True, **architecture))
""")
    few = [
        '--cfg-options', 'train_cfg.searcher.N=1', 'train_cfg.searcher.n0=1'
    ]
    tool('search.py', config, tiny / CHECKPOINT, '--work-dir', tmp_path, *few)
    archive, folder = tmp_path / 'archive.jsonl', tmp_path / 'exported'
    tool('export.py', config, tiny / CHECKPOINT, '--archive', archive, '--id',
         '0', '--cfg-options', *few[1:])
    text = Config.fromfile(folder / 'scalenet_0000.py')
    assert text.model.data_preprocessor.mean == [120.0] * 3
    out = tmp_path / 'metrics.json'
    tool('test.py', folder / 'scalenet_0000.py', folder / 'scalenet_0000.pth',
         '--work-dir', tmp_path / 'test', '--out', out)
    assert json.loads(
        out.read_text())['mIoU'] == read_archive(archive)[0].metrics['mIoU']


@pytest.mark.parametrize('library', ['tools', 'mim'])
def test_scores_what_the_search_recorded(searched, exported, tmp_path,
                                         library):
    config, checkpoint = (
        exported / f'scalenet_0005.{suffix}' for suffix in ('py', 'pth'))
    out = tmp_path / 'metrics.json'
    if library == 'tools':
        tool('test.py', config, checkpoint, '--work-dir', tmp_path, '--out',
             out)
        metrics = json.loads(out.read_text())
    else:
        printed = subprocess.run([
            sys.executable, '-W', 'ignore', '-m', 'mim', 'test', 'mmseg',
            config, '--checkpoint', checkpoint, '--gpus', '0', '--work-dir',
            tmp_path
        ],
                                 capture_output=True,
                                 text=True)
        assert printed.returncode == 0, printed.stderr[-2000:]
        scores, = tmp_path.rglob('2*.json')
        metrics = json.loads(scores.read_text().splitlines()[-1])
    expected = read_archive(searched / 'archive.jsonl')[5].metrics['mIoU']
    assert metrics['mIoU'] == expected


def test_inference_by_mmseg(tiny, exported):
    apis = pytest.importorskip('mmseg.apis')
    image = next((tiny / 'data').rglob('*leftImg8bit.png'))
    model = apis.init_model(
        str(exported / 'scalenet_0005.py'),
        str(exported / 'scalenet_0005.pth'),
        device='cpu')
    assert model.dataset_meta['classes'][0] == 'road'
    result = apis.inference_model(model, str(image))
    assert result.pred_sem_seg.shape == (64, 64)


def test_fine_tuning_starts_from_it(exported, tmp_path):
    """As ``init_cfg`` of a model, and it trains."""
    runner = runner_of(
        exported / 'scalenet_0005.py',
        tmp_path,
        train_cfg__max_iters=1,
        optim_wrapper__optimizer__lr=0.0,
        model__init_cfg=dict(
            type='Pretrained', checkpoint=str(exported / 'scalenet_0005.pth')))
    runner.train()
    start = torch.load(
        exported / 'scalenet_0005.pth', weights_only=True)['state_dict']
    for name, parameter in runner.model.named_parameters():
        assert torch.equal(parameter, start[name])


def test_existing_files_are_kept_unless_forced(tiny, searched, exported):
    before = (exported / 'scalenet_0005.pth').read_bytes()
    error = export(tiny, searched, '--id', '5', code=2)
    assert 'exists; --force overwrites it' in error
    assert (exported / 'scalenet_0005.pth').read_bytes() == before
    export(tiny, searched, '--id', '5', '--force')
    assert sorted(exported.iterdir()) == sorted(exported.glob('scalenet_*'))


def test_the_whole_front_and_standalone_configs(tiny, searched, tmp_path):
    printed = export(tiny, searched, '--pareto', '--standalone', '--out',
                     tmp_path / 'front')
    records = read_archive(searched / 'archive.jsonl')
    ids = {int(path.stem[-4:]) for path in (tmp_path / 'front').glob('*.py')}
    for a in records:
        beaten = any(
            b.cost['macs'] <= a.cost['macs'] and b.metrics['mIoU'] >=
            a.metrics['mIoU'] and (b.cost['macs'],
                                   b.metrics['mIoU']) != (a.cost['macs'],
                                                          a.metrics['mIoU'])
            for b in records)
        assert (a.id in ids) != beaten
    assert printed.count('exported ') == len(ids)
    path = next((tmp_path / 'front').glob('*.py'))
    assert '_base_' not in path.read_text()
    assert Config.fromfile(path).model.type.endswith('EncoderDecoder')


def test_best_within_a_limit(tiny, searched, tmp_path):
    records = read_archive(searched / 'archive.jsonl')
    macs = sorted(record.cost['macs'] for record in records)
    limit = f'{macs[4] / 1e6 + 1e-6:.6f}M'
    export(tiny, searched, '--best', 'mIoU', '--max-macs', limit, '--out',
           tmp_path)
    fits = [r for r in records if r.cost['macs'] <= macs[4]]
    best = max(fits, key=lambda r: r.metrics['mIoU'])
    assert (tmp_path / f'scalenet_{best.id:04d}.pth').is_file()
    # of a cost that is no objective the best is the least
    export(tiny, searched, '--best', 'params', '--out', tmp_path / 'small')
    best = min(records, key=lambda r: r.cost['params'])
    assert (tmp_path / 'small' / f'scalenet_{best.id:04d}.pth').is_file()


@pytest.mark.parametrize('args, message', [
    (['--id', '99'], '--id: expected 0 to 7, got 99'),
    (['--best', 'AP'], "--best: 'AP' is not among the metrics"),
    (['--best', 'mIoU', '--max-macs', '1K'], 'no candidate is within'),
    (['--best', 'mIoU', '--max-macs', 'much'], 'expected a number such as'),
    ([], 'one of the arguments --id --best --pareto is required'),
])
def test_wrong_arguments(tiny, searched, tmp_path, args, message):
    error = export(tiny, searched, *args, '--out', tmp_path / 'none', code=2)
    assert message in error
    assert not (tmp_path / 'none').exists()


def test_wrong_supernet_and_missing_files(tiny, searched, tmp_path):
    other = torch.load(tiny / CHECKPOINT, weights_only=True)
    other['state_dict']['architecture.decode_head.conv_seg.bias'] += 1
    torch.save(other, tmp_path / 'other.pth')
    (tmp_path / 'torn.pth').write_bytes(
        (tiny / CHECKPOINT).read_bytes()[:5000])
    archive = searched / 'archive.jsonl'
    (tmp_path / 'copy.jsonl').write_bytes(archive.read_bytes())
    for checkpoint, path, message in (
        (tmp_path / 'other.pth', archive, 'belongs to another supernet'),
        (tmp_path / 'none.pth', archive, 'checkpoint not found'),
        (tmp_path / 'torn.pth', archive, 'cannot be read, it is cut off'),
        (tiny / CHECKPOINT, tmp_path / 'copy.jsonl', 'copy.meta.json'),
        (tiny / CHECKPOINT, tmp_path / 'none.jsonl', 'there is no archive'),
    ):
        error = tool(
            'export.py',
            tiny / 'tiny_search.py',
            checkpoint,
            '--archive',
            path,
            '--id',
            '0',
            '--out',
            tmp_path / 'none',
            code=2)
        assert message in error


def test_an_archive_changed_by_hand_is_not_exported(tiny, searched, tmp_path):
    for name in 'archive.jsonl', 'archive.meta.json':
        (tmp_path / name).write_bytes((searched / name).read_bytes())
    lines = [
        json.loads(line)
        for line in (tmp_path / 'archive.jsonl').read_text().splitlines()
    ]
    lines[0]['arch'] = lines[1]['arch']
    (tmp_path / 'archive.jsonl').write_text('\n'.join(map(json.dumps, lines)) +
                                            '\n')
    error = export(tiny, tmp_path, '--id', '0', code=2)
    assert f'candidate 0 was measured as {lines[0]["digest"]}' in error
    assert not list((tmp_path / 'exported').iterdir())


@pytest.mark.parametrize('option, key', [
    ('val_dataloader.dataset.data_prefix.img_path=elsewhere',
     'evaluation.val_dataloader.dataset.data_prefix.img_path'),
    ('train_dataloader.batch_size=1',
     'evaluation.train_dataloader.batch_size'),
    ('model.architecture.backbone.upsample=nearest',
     'evaluation.model.backbone.upsample'),
])
def test_another_evaluation_is_refused_by_name(tiny, searched, tmp_path,
                                               option, key):
    """The statistics would not be those of the search."""
    error = export(
        tiny,
        searched,
        '--id',
        '0',
        '--out',
        tmp_path / 'none',
        '--cfg-options',
        option,
        code=2)
    assert 'belongs to another evaluation' in error and key in error
    assert not (tmp_path / 'none').exists()


def test_a_wrong_network_is_not_written(tiny, searched, monkeypatch):
    """The comparison with the supernet can fail."""
    from scalenas_mm.backbones import ScaleNet
    from scalenas_mm.export import ExportError
    runner = runner_of(tiny / 'tiny_supernet.py', tiny / 'verify')
    cfg = runner.cfg.model.to_dict()
    arch = runner.model.backbone.space.min_arch()
    batches = [next(iter(runner.build_dataloader(runner.cfg.val_dataloader)))]
    cut(runner.model, cfg, arch, [], batches)
    plain = ScaleNet.forward

    def wrong(self, x):
        shift = 0 if self.kind == 'shared' else 1e-3
        return tuple(out + shift for out in plain(self, x))

    monkeypatch.setattr(ScaleNet, 'forward', wrong)
    with pytest.raises(ExportError, match='differ from the supernet'):
        cut(runner.model, cfg, arch, [], batches)


def test_task_config_is_the_first_plain_one(tiny):
    for name in ('search', 'supernet', 'teacher'):
        assert task_config(tiny /
                           f'tiny_{name}.py') == tiny / 'tiny_teacher.py'


@pytest.mark.parametrize('change', [
    dict(),
    dict(backbone=dict(upsample='nearest')),
    dict(decode_head=dict(dropout_ratio=0.3, num_convs=2)),
    dict(data_preprocessor=None),
    dict(decode_head=dict(loss_decode=dict(type='mmseg.DiceLoss'))),
])
@pytest.mark.parametrize('fixed_base', [False, True])
def test_config_says_all_that_differs_from_the_task(tiny, tmp_path, change,
                                                    fixed_base):
    """The exported model is the one that was searched."""
    base = tiny / 'tiny_teacher.py'
    if fixed_base:
        base = tmp_path / 'base.py'
        base.write_text(
            f"_base_ = {str(tiny / 'tiny_teacher.py')!r}\n"
            "model = dict(backbone=dict(arch='min', init_cfg=dict(type='a')))")
    config = Config.fromfile(base)
    config.merge_from_dict(dict(model=change))
    arch = ScaleNetSpace(
        2, depths=(1, 2), num_modules=(1, 1), stem_width=4).max_arch()
    model = fixed_cfg(config.model.to_dict(), arch)
    text = inheriting_config(base, tmp_path, model, arch, 'A comment.')
    (tmp_path / 'out.py').write_text(text)
    got = Config.fromfile(tmp_path / 'out.py').model.to_dict()
    for part in (got, got['backbone']):
        part.pop('init_cfg', None)
    assert got == model
    assert max(map(len, text.splitlines())) < 80 or fixed_base


def test_config_judges_as_the_search_did(tiny, tmp_path):
    """With its data and metrics, where they are not those of the task."""
    path = tmp_path / 'search.py'
    path.write_text(f"""_base_ = {str(tiny / 'tiny_search.py')!r}
val_evaluator = [_base_.val_evaluator, dict(
    type='scalenas_mm.SizeAwareIoU', thresholds=(2, 4), classes=('road', ))]
test_evaluator = val_evaluator
val_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadImageFromFile'), dict(type='Resize', scale=(32, 32)),
    dict(type='LoadAnnotations'), dict(type='PackSegInputs')]))
""")
    config = Config.fromfile(path).to_dict()
    arch = ScaleNetSpace(
        2, depths=(1, 2), num_modules=(1, 1), stem_width=4).max_arch()
    model = fixed_cfg(config['model'], arch)
    base = task_config(path)
    for name, text in (('out.py',
                        inheriting_config(base, tmp_path, model, arch, 'A.',
                                          config)), ('alone.py',
                                                     standalone_config(
                                                         Config.fromfile(path),
                                                         base, model, 'A.'))):
        (tmp_path / name).write_text(text)
        got = Config.fromfile(tmp_path / name).to_dict()
        for key in ('val_dataloader', 'val_evaluator', 'test_dataloader',
                    'test_evaluator'):
            assert got[key] == config[key], key


def test_fixed_cfg_leaves_the_original_alone(tiny):
    cfg = Config.fromfile(tiny / 'tiny_search.py').model.to_dict()
    runner = runner_of(tiny / 'tiny_supernet.py', tiny / 'fixed')
    arch = runner.model.backbone.space.min_arch()
    assert fixed_cfg(cfg, arch)['backbone']['arch'] == arch.to_dict()
    assert 'arch' not in cfg['architecture']['backbone']
    with pytest.raises(ArchError):
        runner.model.backbone.space.from_dict({})


def test_onnx(tiny, searched, exported, tmp_path):
    """Beside the model, with its outputs."""
    pytest.importorskip('onnx', reason='needs the extra onnx')
    ort = pytest.importorskip('onnxruntime', reason='needs the extra onnx')
    out = export(tiny, searched, '--id', '5', '--onnx', '--out', tmp_path)
    assert '  scalenet_0005.network.onnx  backbone ' in out
    assert '  scalenet_0005.onnx ' in out
    # two batches of one image
    assert 'checked on 2 images of the data, 64x64' in out
    assert {path.suffix
            for path in tmp_path.iterdir()
            } == {'.json', '.onnx', '.png', '.pth', '.py'}
    model = runner_of(exported / 'scalenet_0005.py', tmp_path / 'run').model
    weights = torch.load(tmp_path / 'scalenet_0005.pth', weights_only=True)
    model.load_state_dict(weights['state_dict'])
    session = ort.InferenceSession(tmp_path / 'scalenet_0005.onnx')
    image = torch.randn(session.get_inputs()[0].shape)
    with torch.no_grad():
        expected = model.eval()(image, mode='tensor').numpy()
    found, = session.run(None, dict(image=image.numpy()))
    assert abs(found - expected).max() < 1e-4 * abs(expected).max()
    assert '--backbone-only writes no model' in export(
        tiny, searched, '--id', '5', '--onnx', '--backbone-only', code=2)
