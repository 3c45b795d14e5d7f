"""NCPNet against released outputs and the closed form."""
import runpy
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from scalenas_mm.backbones import NCPNet
from scalenas_mm.evaluation import count
from scalenas_mm.export.released import ReleasedError
from scalenas_mm.export.released_ncp import convert_ncp, infer_code
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ArchError, NCPSpace, SettingError

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'model_converters' / 'ncp_released.py'
SMALL = dict(blocks=(1, 2), units=(1, 2), channels=(2, 4, 6))


def released(folder, name):
    path = folder / 'ncp' / f'official_ncp_net_{name}_fp16.pth'
    return torch.load(path, weights_only=True)


def part(weights, prefix):
    return {
        key[len(prefix):]: value
        for key, value in weights.items() if key.startswith(prefix)
    }


@pytest.mark.parametrize('name', 'ab')
@pytest.mark.parametrize('task, short, stride',
                         [('segmentation', 'seg', 4),
                          ('classification', 'cls', 32)])
def test_outputs_of_the_released_network(shared_data, name, task, short,
                                         stride):
    arrays = np.load(shared_data / 'ncp' / 'official_forward.npz')
    weights = convert_ncp(released(shared_data, name), short)
    net = NCPNet(arrays[f'{name}_code'], output_stride=stride).eval()
    net.load_state_dict(part(weights, 'backbone.'))
    with torch.no_grad():
        x, = net(torch.from_numpy(arrays[f'{name}_input']))
        if task == 'segmentation':
            head = nn.Conv2d(net.arch.output, 19, 1)
            head.load_state_dict(part(weights, 'decode_head.conv_seg.'))
            got = head(x)
        else:
            head = nn.Linear(net.arch.output, 19)
            head.load_state_dict(part(weights, 'head.fc.'))
            got = head(x.mean((2, 3)))[:, :, None, None]
    expected = torch.from_numpy(arrays[f'{name}_{task}_output'])
    assert got.shape == expected.shape
    assert (got - expected).abs().max() < 1e-5 * expected.abs().max()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([4, 8, 16, 32]),
    st.integers(1, 4), st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_counted_cost_is_the_closed_form(seed, stride, in_channels, size):
    space = NCPSpace(output_stride=stride, in_channels=in_channels, **SMALL)
    arch = space.sample(np.random.default_rng(seed))
    net = NCPNet(arch, stride, in_channels, **SMALL).eval()
    outputs = []
    image = torch.zeros(1, in_channels, *size)
    counted = count(net, lambda: outputs.append(net(image)))
    assert counted == space.complexity(arch, size)
    assert sum(p.numel() for p in net.parameters()) == counted.params
    (output, ), = outputs
    assert output.shape[1:] == (arch.output, *(-(-side // stride)
                                               for side in size))


def test_full_size_networks_of_the_default_space():
    space = NCPSpace(output_stride=32)
    for arch in (space.max_arch(), space.initial_arch()):
        with torch.device('meta'):
            net = NCPNet(arch.code, output_stride=32)
        params = sum(p.numel() for p in net.parameters())
        assert params == space.complexity(arch, (32, 32)).params


def test_the_architecture_never_changes():
    space = NCPSpace(**SMALL)
    net = NCPNet('max', **SMALL)
    assert net.space.max_arch() == net.arch and net.kind == 'fixed'
    net.arch = 'max'
    with pytest.raises(ArchError, match='this fixed NCPNet was built with'):
        net.arch = space.min_arch()


def test_every_layer_is_trained():
    torch.manual_seed(0)
    net = NCPNet('min', with_cp=True, norm_eval=True, **SMALL)
    net.train()
    assert not any(m.training
                   for m in net.modules() if isinstance(m, nn.BatchNorm2d))
    # a bias keeps every ReLU open, so that each layer has a gradient
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.constant_(module.bias, 3)
    net(torch.randn(2, 3, 64, 64))[0].square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_upsampling_is_an_option():
    torch.manual_seed(0)
    nets = [
        NCPNet('min', upsample=u, **SMALL) for u in ('nearest', 'bilinear')
    ]
    nets[1].load_state_dict(nets[0].state_dict())
    image = torch.randn(1, 3, 64, 64)
    first, second = (net.eval()(image)[0] for net in nets)
    assert not torch.allclose(first, second)
    with pytest.raises(SettingError, match="nearest, got 'cubic'"):
        NCPNet(upsample='cubic')


def test_built_by_name_from_the_text_of_a_code():
    text = str(NCPSpace(**SMALL).min_arch())
    net = MODELS.build(dict(type='scalenas_mm.NCPNet', arch=text, **SMALL))
    assert str(net.arch) == text
    with pytest.raises(ArchError, match=r'code\[4\] \(stage 1 channels\)'):
        NCPNet([2, 2, 1, 1, 3] + [2] * 22, **SMALL)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the tool inside this process."""

    def main(*args, code=0):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, args)])
        monkeypatch.setattr(sys, 'path', list(sys.path))
        with pytest.raises(SystemExit) if code else nullcontext() as stop:
            runpy.run_path(str(TOOL), run_name='__main__')
        assert not code or stop.value.code == code
        return capsys.readouterr().err if code else None

    return main


def test_tool_writes_a_whole_model(shared_data, tmp_path, run):
    registry = pytest.importorskip('mmseg.registry')
    from mmseg.utils import register_all_modules
    source = shared_data / 'ncp' / 'official_ncp_net_a_fp16.pth'
    run(source, tmp_path / 'out.pth', '--task', 'seg', '--arch',
        tmp_path / 'arch.json')
    model = dict(
        type='EncoderDecoder',
        backbone=dict(
            type='scalenas_mm.NCPNet', arch=str(tmp_path / 'arch.json')),
        decode_head=dict(
            type='FCNHead',
            in_channels=40,
            channels=40,
            num_convs=0,
            concat_input=False,
            num_classes=19))
    register_all_modules(init_default_scope=True)
    weights = torch.load(tmp_path / 'out.pth', weights_only=True)
    registry.MODELS.build(model).load_state_dict(
        weights['state_dict'], strict=True)
    for args, message in [
        ((source, tmp_path / 'x.pth', '--code', 'initial'),
         'expected the code initial, the weights have 16 24 | 1 2 16 |'),
        ((source, tmp_path / 'out.pth'), 'exists; --force'),
        ((tmp_path / 'none.pth', tmp_path / 'x.pth'), 'file not found'),
        ((tmp_path / 'arch.json', tmp_path / 'x.pth'), 'not a checkpoint'),
    ]:
        assert message in run(*args, '--task', 'seg', code=2)
    assert not (tmp_path / 'x.pth').exists()


def test_classification_head_of_mmpretrain(shared_data):
    models = pytest.importorskip('mmpretrain.models')
    weights = convert_ncp(released(shared_data, 'b'), 'cls')
    head = models.LinearClsHead(num_classes=19, in_channels=24)
    result = head.load_state_dict(part(weights, 'head.'))
    assert not result.missing_keys and not result.unexpected_keys


@pytest.mark.parametrize('change, message', [
    (lambda w: w.pop('classifier.bias'), 'no weights for decode_head'),
    (lambda w: w.pop('downsamples.0.0.weight'), 'got keys such as'),
    (lambda w: w.update(other=torch.ones(1)), 'other have no place'),
    (lambda w: w.update({'features.99.branches.0.0.bn1.bias': torch.ones(1)}),
     r'features\.99\.\S+ have no place'),
    (lambda w: w.update({'transform.1.bias': torch.ones(3)}),
     r'project\.1\.bias: expected shape \(40,\) .* got \(3,\)'),
    (lambda w: [w.pop(k) for k in [*w] if 'features.11.br' in k],
     'modules of 1, 2, 3 and 4 branches'),
])
def test_wrong_weights(shared_data, change, message):
    weights = dict(released(shared_data, 'a'))
    change(weights)
    with pytest.raises(ReleasedError, match=message):
        convert_ncp(weights, 'seg')


@pytest.mark.parametrize('name', 'ab')
def test_code_is_read_off_the_weights(shared_data, name):
    code = np.load(shared_data / 'ncp' / 'official_forward.npz')
    weights = released(shared_data, name)
    wrapped = {f'module.{key}': value for key, value in weights.items()}
    assert infer_code(wrapped) == code[f'{name}_code'].tolist()
