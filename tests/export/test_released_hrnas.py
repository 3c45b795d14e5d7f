"""Networks that the authors of HR-NAS released, as whole models."""
import json
import pickle
import runpy
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from scalenas_mm.export.released import ReleasedError
from scalenas_mm.export.released_hrnas import averaged, convert_hrnas
from scalenas_mm.spaces import HRNASArch, HRNASSpace

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'model_converters' / 'hrnas_released.py'


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the tool inside this process."""

    def main(*args, code=0):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, args)])
        monkeypatch.setattr(sys, 'path', list(sys.path))
        with pytest.raises(SystemExit) if code else nullcontext() as stop:
            runpy.run_path(str(TOOL), run_name='__main__')
        assert not code or stop.value.code == code
        read = capsys.readouterr()
        return read.err if code else read.out

    return main


@pytest.fixture
def weights(shared_data):

    def load(name):
        return torch.load(
            shared_data / 'hrnas' / f'{name}.pth', weights_only=True)

    return load


@pytest.mark.parametrize('name, task, library', [
    ('seg', 'seg', 'mmseg'),
    ('retrain', 'cls', 'mmpretrain'),
    ('conv_only', 'pose', 'mmpose'),
])
def test_files_are_a_whole_model(shared_data, tmp_path, run, name, task,
                                 library):
    """The config builds it, the checkpoint fits, outputs are the released."""
    pytest.importorskip(f'{library}.models')
    source = shared_data / 'hrnas' / 'weights' / f'{name}.pth'
    run(source, tmp_path / 'x.pth',
        *(['--task', task] if task != 'cls' else []))
    config = Config.fromfile(tmp_path / 'x.py')
    init_default_scope(config.default_scope)
    model = MODELS.build(config.model).eval()
    checkpoint = torch.load(tmp_path / 'x.pth', weights_only=True)
    model.load_state_dict(checkpoint['state_dict'], strict=True)
    arch = HRNASArch.from_json((tmp_path / 'x.json').read_text())
    assert model.backbone.arch == arch
    if task == 'pose':
        return  # with the other batch norms of poses, other outputs
    arrays = np.load(shared_data / 'hrnas' / 'forward.npz')
    start = f'{name}/1x3x75x91/'
    x = torch.from_numpy(arrays[f'{start}input']).float()
    with torch.no_grad():
        got = model.backbone(x)
        got = (
            model.decode_head(got) if task == 'seg' else model.head(
                model.neck(got)))
    expected = torch.from_numpy(arrays[f'{start}output'])
    assert (got - expected).abs().max() < 1e-5 * expected.abs().max()


def test_shrunk_networks_and_prefixes(weights):
    """Kernels that went are renumbered there; ours keep their sizes."""
    for name in ('before', 'after'):
        state = weights(f'shrink/model_{name}')
        plain = convert_hrnas(state, 'seg')
        wrapped = convert_hrnas(
            {
                f'module.{key}': value
                for key, value in state.items()
            }, 'seg')
        assert plain.model == wrapped.model
        assert plain.weights.keys() == wrapped.weights.keys()
    space = HRNASSpace(
        **{
            key: value
            for key, value in plain.model['backbone'].items()
            if key not in ('type', 'arch', 'upsample')
        })
    rows = {
        place.name: row
        for place, row in zip(space.places, plain.arch.channels)
    }
    assert rows['stages.0.branches.0.0'][1] == 0
    assert rows['stages.2.fusion.1_0'][0] == 0 < rows['stages.2.fusion.1_0'][1]
    assert rows['stages.1.branches.0.0'] == (0, 0, 0)
    assert min(rows['stages.2.branches.2.0']) == 48


def test_averages_take_the_place_of_weights(shared_data, weights):
    raw = weights('shrink/model_before')
    averages = weights('shrink/ema_before')
    plain = convert_hrnas(raw, 'seg').weights
    got = convert_hrnas(averaged(raw, averages), 'seg').weights
    key = 'classifier.weight'
    assert torch.equal(got['decode_head.conv_seg.weight'],
                       averages[key].float())
    assert {k
            for k in plain if torch.equal(got[k], plain[k])
            } == {k
                  for k in plain if 'num_batches' in k}
    with pytest.raises(ReleasedError, match='x of shape .* is of no weight'):
        averaged(raw, dict(x=torch.ones(2)))


def test_released_architecture_file(shared_data, tmp_path, run):
    path = shared_data / 'hrnas' / 'released_cls_architecture.json'
    run('--rows', path, '--arch', tmp_path / 'a.json', '--task', 'cls')
    arch = HRNASArch.from_json((tmp_path / 'a.json').read_text())
    assert sum(map(sum, arch.channels)) == 6662
    assert sum(not any(row) for row in arch.channels) == 9
    error = run(
        '--rows', path, '--arch', tmp_path / 'b.json', '--task', 'seg', code=2)
    assert 'a list of 61 rows' in error
    assert not (tmp_path / 'b.json').exists()


def test_full_size_networks_of_retraining_keep_their_empty_blocks(
        shared_data, tmp_path):
    """Empty blocks at the end of a branch leave no weights."""
    from scalenas_mm.spaces.hrnas.released import arch_from_rows
    path = shared_data / 'hrnas' / 'released_cls_architecture.json'
    space = HRNASSpace(head='classification', se_ratio=.5)
    arch = arch_from_rows(space, json.loads(path.read_text()))
    converted = convert_hrnas(released_form(space, arch), 'cls')
    assert converted.arch == arch
    backbone = dict(converted.model['backbone'])
    assert backbone.pop('arch') == arch.to_dict()
    assert backbone == dict(
        type='scalenas_mm.HRNAS',
        head='classification',
        head_channels=[36, 72, 144, 320, 1600],
        tokens=0,
        se_ratio=.5,
        upsample='released',
        act_cfg=dict(type='Swish'))


def released_form(space, arch):
    """Names and shapes of a network of retraining, without memory."""
    from scalenas_mm.backbones import HRNAS
    names = {
        'mix.expand_norm.': 'expand_conv.1.',
        'mix.expand.': 'expand_conv.0.',
        'mix.project_norm.': 'project_conv.1.',
        'mix.project.': 'project_conv.0.',
        'mix.se.': 'se_op.se_',
        'shortcut.': 'residual.'
    }
    out = {}
    with torch.device('meta'):
        net = HRNAS(arch, head='classification', se_ratio=.5, tokens=0)
        for i in (0, 1):
            for key, value in net.stem[i].state_dict().items():
                out[f'downsamples.{i}.{key}'] = value
        for key, value in net.head.final.state_dict().items():
            out[f'features.10.final_layer.{key}'] = value
        out['classifier.1.weight'] = torch.empty(1000, 1600)
        out['classifier.1.bias'] = torch.empty(1000)
        for place in space.places:
            block = net.get_submodule(place.name)
            start = theirs(place.name)
            for key, value in block.state_dict().items():
                for ours, old in names.items():
                    if key.startswith(ours):
                        out[start + old + key[len(ours):]] = value
            if block.mix is None:
                continue
            for k, conv in enumerate(block.mix.depthwise.values()):
                norm = torch.nn.BatchNorm2d(conv.out_channels)
                out[f'{start}depth_ops.{k}.1.0.weight'] = conv.weight
                for key, value in norm.state_dict().items():
                    out[f'{start}depth_ops.{k}.1.1.{key}'] = value
    return out


def theirs(name):
    """The released prefix of a place."""
    kind, *rest = name.split('.')
    if kind == 'head':
        kinds = dict(increase='incre_modules', down='downsamp_modules')
        return f'features.10.{kinds[rest[0]]}.{rest[1]}.'
    stage = int(rest[0])
    if rest[1] == 'branches':
        return f'features.{2 * stage + 1}.branches.{rest[2]}.{rest[3]}.'
    i, j = map(int, rest[2].split('_'))
    start = f'features.{2 * stage}.fuse_layers.{i}.'
    if i == stage < 4 and i > 0:
        return f'{start}0.'  # a new branch
    return f'{start}{j}.' if i == j else f'{start}{j}.0.'


@pytest.mark.parametrize('change, message', [
    (lambda w: w.pop('classifier.bias'), 'no weights for decode_head'),
    (lambda w: w.pop('downsamples.0.0.weight'), 'got keys such as'),
    (lambda w: w.update(other=torch.ones(1)), 'other have no place'),
    (lambda w: w.update({'transform.other': torch.ones(1)}),
     r'head\.project\.other have no place'),
    (lambda w: w.update({'transform.pw_bn.bias': torch.ones(3)}),
     r'project_norm\.bias: expected shape \(10,\), got \(3,\)'),
    (lambda w: w.pop('features.0.fuse_layers.0.0.ops.1.0.1.bias'),
     r'expand_norm\.bias'),
    (lambda w: [w.pop(k) for k in [*w] if 'transform.' in k],
     r'the head of segmentation and poses \(transform'),
    (lambda w: [w.pop(k) for k in [*w] if 'features' in k], 'fuse_layers'),
])
def test_wrong_weights(weights, change, message):
    state = weights('weights/conv_only')
    change(state)
    with pytest.raises(ReleasedError, match=message):
        convert_hrnas(state, 'seg')


def test_wrong_files(shared_data, tmp_path, run):
    """One line each, and nothing is written."""
    source = shared_data / 'hrnas' / 'weights' / 'retrain.pth'
    dense = shared_data / 'hrnas' / 'weights' / 'conv_only.pth'
    torch.save(dict(model=torch.nn.Linear(2, 2)), tmp_path / 'best_model.pt')
    (tmp_path / 'kept.json').write_text('mine')
    (tmp_path / 'rows.json').write_text('[[1')
    (tmp_path / 'pickle').write_bytes(pickle.dumps(print))
    before = sorted(tmp_path.iterdir())
    for args, message in [
        ((source, 'x.pth', '--task', 'seg'), 'these have the head of cls'),
        ((dense, 'x.pth'), 'expected the task, seg or pose'),
        ((source, 'kept.pth'), 'kept.json exists; --force'),
        ((tmp_path / 'best_model.pt', 'x.pth'), "['model'].state_dict()"),
        ((tmp_path / 'pickle', 'x.pth'), 'not a checkpoint'),
        ((tmp_path / 'none.pth', 'x.pth'), 'file not found'),
        ((source, 'x.pth', '--rows', tmp_path / 'rows.json'), 'JSON'),
        ((source, 'x.pth', '--base', 'none.py'), 'config not found'),
        ((source, 'x.json'), 'expected a name such as x.pth'),
    ]:
        src, dst, *rest = args
        assert message in run(src, tmp_path / dst, *rest, code=2)
        assert sorted(tmp_path.iterdir()) == before


def test_config_that_inherits_from_one_of_the_task(shared_data, tmp_path, run):
    (tmp_path / 'task.py').write_text(
        "model = dict(type='ImageClassifier', backbone=dict("
        "type='scalenas_mm.HRNAS', head='classification'), "
        "neck=dict(type='GlobalAveragePooling'), head=dict("
        "type='LinearClsHead', num_classes=3, in_channels=1600))\n"
        'kept = 1\n')
    folder = shared_data / 'hrnas' / 'weights'
    run(folder / 'retrain.pth', tmp_path / 'x.pth', '--base',
        tmp_path / 'task.py')
    config = Config.fromfile(tmp_path / 'x.py')
    assert config.kept == 1 and config.model.head.num_classes == 7
    converted = convert_hrnas(
        torch.load(folder / 'retrain.pth', weights_only=True))
    assert config.model.backbone.to_dict() == converted.model['backbone']
