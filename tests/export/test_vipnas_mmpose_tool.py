"""The tool that takes ViPNAS networks to mmpose and back."""
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config
from mmpose_networks import build, close, filled, heatmaps, theirs
from shipped import ROOT, named, shipped

pytest.importorskip('mmpose.models')


def command(*args, code=0):
    tool = ROOT / 'tools' / 'model_converters' / 'vipnas_mmpose.py'
    done = subprocess.run([sys.executable, tool, *args],
                          capture_output=True,
                          text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_command(tmp_path):
    """From mmpose's weights to ours and back to files that mmpose alone
    runs."""
    subnet = named('vipnasmobilenetv3_td-hm_subnet_8xb64-210e_coco-256x192')
    reference = filled(theirs('mbv3'))
    source, ours = tmp_path / 'theirs.pth', tmp_path / 'ours.pth'
    torch.save(dict(state_dict=reference.state_dict()), source)
    command('to-ours', source, ours, '--write-arch', tmp_path / 'arch.json')
    command('to-mmpose', subnet, ours, tmp_path / 'out')
    config = Config.fromfile(tmp_path / 'out' / f'{subnet.stem}_mmpose.py')
    assert 'scalenas_mm' not in config.pretty_text
    model = build(config.model)
    path = tmp_path / 'out' / f'{subnet.stem}_mmpose.pth'
    model.load_state_dict(torch.load(path, weights_only=True)['state_dict'])
    x = torch.randn(1, 3, 64, 64)
    assert torch.equal(heatmaps(model, x), heatmaps(reference, x))


def test_command_into_a_supernet(tmp_path):
    config = named('vipnasmobilenetv3_td-hm_supernet_8xb64-250e_coco-256x192')
    reference = filled(theirs('mbv3'))
    source, dest = tmp_path / 'theirs.pth', tmp_path / 'supernet.pth'
    torch.save(reference.state_dict(), source)
    text = command('to-supernet', source, dest, '--config', config, '--arch',
                   'published')
    assert 'stage 6  4 x  width 160' in text
    supernet = build(shipped(config).model)
    supernet.load_state_dict(torch.load(dest, weights_only=True)['state_dict'])
    x = torch.randn(1, 3, 64, 64)
    with supernet.backbone.active('published'):
        assert close(heatmaps(supernet, x), heatmaps(reference, x))


def test_wrong_calls_write_nothing(tmp_path):
    subnet = named('vipnasmobilenetv3_td-hm_subnet_8xb64-210e_coco-256x192')
    source, dest = tmp_path / 'theirs.pth', tmp_path / 'ours.pth'
    torch.save(theirs('mbv3').state_dict(), source)
    assert 'expected the architecture min' in command(
        'to-ours', source, dest, '--arch', 'min', code=2)
    assert not dest.exists()
    dest.write_text('')
    assert 'exists; --force' in command('to-ours', source, dest, code=2)
    torch.save(dict(state_dict=dict(a=torch.ones(1))), source)
    wrong = command('to-mmpose', subnet, source, tmp_path / 'other', code=2)
    assert 'does not hold the weights' in wrong
    assert not (tmp_path / 'other').exists()
