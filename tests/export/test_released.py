"""Released files: converted exactly, and read without running their code."""
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from scalenas_mm.export.released import (ReleasedError, convert_weights,
                                         load_mask)
from scalenas_mm.spaces import ScaleNetArch

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'model_converters' / 'scalenas_released.py'


def run(*args, code=0):
    result = subprocess.run(
        [sys.executable, '-W', 'ignore', TOOL, *map(str, args)],
        capture_output=True,
        text=True)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stderr if code else result.stdout


def released_objects(modules):
    """The released form: an array of dicts of arrays and lists."""
    out = []
    for module in modules:
        n = len(module['depth'])
        fusion = np.empty((n, 5), dtype=object)
        for j in range(n):
            for level in range(5):
                fusion[j, level] = list(module['fusion'][j][level])
        out.append(dict(d=np.array(module['depth'])[:, None], f=fusion))
    return np.array(out, dtype=object)


@pytest.mark.parametrize('name, task', [('seg_w32_S1', 'seg'),
                                        ('w32_256_P2', 'pose')])
@pytest.mark.parametrize('form', ['npy', 'json', 'whole json'])
def test_masks_of_all_forms(masks, tmp_path, name, task, form):
    modules = masks[name]['modules']
    expected = ScaleNetArch.from_released(modules)
    path = tmp_path / f'mask.{form[-4:].strip()}'
    if form == 'npy':
        np.save(path, released_objects(modules), allow_pickle=True)
    else:
        whole = dict(modules=modules, width=32)
        path.write_text(json.dumps(whole if 'whole' in form else modules))
    run('--task', task, '--mask', path, '--arch', tmp_path / 'arch.json')
    text = (tmp_path / 'arch.json').read_text()
    assert ScaleNetArch.from_json(text) == expected


class Evil:

    def __reduce__(self):
        return print, ('executed', )


@pytest.mark.parametrize('thing', [Evil(), Path('x'), torch.zeros(1)])
def test_a_mask_that_asks_for_other_code_is_refused(tmp_path, thing, capfd):
    path = tmp_path / 'evil.npy'
    np.save(path, np.array([dict(d=thing)], dtype=object), allow_pickle=True)
    with pytest.raises(ReleasedError, match='refused to load'):
        load_mask(path)
    assert 'executed' not in capfd.readouterr().out


@pytest.mark.parametrize('content, message', [
    (b'', 'not a mask file'),
    (b'\x93NUMPY\x01\x00', 'not a mask file'),
    (b'[1, 2', 'not a mask file'),
    (b'{"a": 1}', 'expected a list of modules'),
])
def test_broken_masks(tmp_path, content, message):
    path = tmp_path / 'mask'
    path.write_bytes(content)
    with pytest.raises(ReleasedError, match=message):
        load_mask(path)


def test_numbers_are_no_mask(tmp_path):
    np.save(tmp_path / 'numbers.npy', np.zeros(3))
    with pytest.raises(ReleasedError, match='array of objects'):
        load_mask(tmp_path / 'numbers.npy')


@pytest.mark.parametrize('task', ['seg', 'pose'])
def test_checkpoint_is_a_whole_model(shared_data, tmp_path, task):
    """Every weight of the model is there, and no other."""
    source = shared_data / 'scalenas' / f'official_super_{task}_w4_fp16.pth'
    run(source, tmp_path / 'out.pth', '--task', task)
    weights = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    assert all(v.dtype != torch.float16 for v in weights.values())
    backbone = dict(type='scalenas_mm.ScaleNet', width=4, upsample='nearest')
    if task == 'seg':
        registry = pytest.importorskip('mmseg.registry')
        model = dict(
            type='EncoderDecoder',
            backbone=backbone,
            decode_head=dict(
                type='FCNHead',
                in_channels=[4, 8, 16, 32],
                in_index=(0, 1, 2, 3),
                channels=60,
                input_transform='resize_concat',
                kernel_size=1,
                num_convs=1,
                concat_input=False,
                dropout_ratio=-1,
                num_classes=19,
                norm_cfg=dict(type='BN')))
        from mmseg.utils import register_all_modules
    else:
        registry = pytest.importorskip('mmpose.registry')
        model = dict(
            type='TopdownPoseEstimator',
            backbone=dict(backbone, multi_scale_output=False),
            head=dict(
                type='HeatmapHead',
                in_channels=4,
                out_channels=17,
                deconv_out_channels=None))
        from mmpose.utils import register_all_modules
    register_all_modules(init_default_scope=True)
    built = registry.MODELS.build(model)
    built.load_state_dict(weights, strict=True)


def test_prefixes_are_dropped(shared_data):
    raw = torch.load(
        shared_data / 'scalenas' / 'official_super_seg_w4_fp16.pth',
        weights_only=True)
    plain = convert_weights(raw, 'seg')
    wrapped = convert_weights({
        f'module.model.{k}': v
        for k, v in raw.items()
    }, 'seg')
    assert plain.keys() == wrapped.keys()


def test_wrong_files(shared_data, tmp_path):
    source = shared_data / 'scalenas' / 'official_super_seg_w4_fp16.pth'
    error = run(source, tmp_path / 'x.pth', '--task', 'pose', code=2)
    assert 'released supernet for pose with final_layer.weight' in error
    with open(tmp_path / 'evil.pth', 'wb') as file:
        pickle.dump(Evil(), file)
    error = run(
        tmp_path / 'evil.pth', tmp_path / 'x.pth', '--task', 'seg', code=2)
    assert 'not a checkpoint' in error and 'executed' not in error
    assert 'file not found' in run(
        'none.pth', tmp_path / 'x.pth', '--task', 'seg', code=2)
    (tmp_path / 'kept.pth').write_text('mine')
    error = run(source, tmp_path / 'kept.pth', '--task', 'seg', code=2)
    assert 'exists; --force' in error
    assert (tmp_path / 'kept.pth').read_text() == 'mine'
    assert not (tmp_path / 'x.pth').exists()
