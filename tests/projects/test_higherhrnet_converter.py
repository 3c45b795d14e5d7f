"""tools/model_converters/higherhrnet_released.py."""
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip('mmpose')
TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'model_converters' / (
    'higherhrnet_released.py')


@pytest.fixture
def convert(monkeypatch, capsys):
    """Run the command here; returns what it printed, or its error."""

    def main(*args, code=0):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, args)])
        monkeypatch.setattr(sys, 'path', [str(TOOL.parent), *sys.path])
        if not code:
            runpy.run_path(str(TOOL), run_name='__main__')
            return capsys.readouterr().out
        with pytest.raises(SystemExit) as stop:
            runpy.run_path(str(TOOL), run_name='__main__')
        assert stop.value.code == code
        return capsys.readouterr().err

    return main


@pytest.fixture(scope='module')
def released(shared_data):
    return torch.load(
        shared_data / 'higherhrnet' / 'small_state_fp16.pth',
        weights_only=True)


@pytest.mark.parametrize('prefix', ['', 'module.', '1.'])
def test_a_converted_network_is_the_released_one(prefix, released, shared_data,
                                                 convert, tmp_path):
    """The checkpoint of another process, of half precision or neither."""
    from mmengine.runner import load_checkpoint
    from mmpose.models.pose_estimators import BottomupPoseEstimator
    source, out = tmp_path / 'released.pth', tmp_path / 'converted.pth'
    torch.save({prefix + key: v for key, v in released.items()}, source)
    text = convert(source, out)
    assert 'width 4, 1509 tensors' in text
    assert 'num_keypoints=17 deconv_channels=[4]' in text
    assert 'cat_output=[True] with_tags=[True, False]' in text
    model = BottomupPoseEstimator(
        dict(
            type='scalenas_mm.ScaleNet',
            width=4,
            multi_scale_output=False,
            arch='hrnet',
            upsample='nearest'),
        head=dict(
            type='mmpose.HigherResolutionHead',
            in_channels=4,
            num_keypoints=17,
            deconv_channels=(4, )))
    weights = torch.load(out, weights_only=True)['state_dict']
    assert {value.dtype for value in weights.values()} == {torch.float32}
    load_checkpoint(model, str(out), map_location='cpu', strict=False)
    if prefix:
        return
    golden = np.load(shared_data / 'higherhrnet' / 'forward.npz')
    with torch.no_grad():
        outputs = model.double().eval()(torch.tensor(golden['x0']).double(),
                                        None)
    for i, output in enumerate(outputs):
        expected = golden[f'x0_out{i}']
        np.testing.assert_allclose(
            output.numpy(), expected, rtol=0, atol=1e-6 * np.ptp(expected))


@pytest.mark.parametrize('changes, message', [
    ({
        'final_layers.0.weight': None
    }, 'expected a released HigherHRNet with final_layers.0.weight'),
    ({
        'stage3.1.branches.0.0.conv1.weight': None
    }, 'no weights for backbone.stage3.1.branches.0.0.conv1.weight'),
    ({
        'stage5.weight': torch.zeros(1)
    }, 'unexpected weights backbone.stage5.weight'),
    ({
        'layer1.0.conv1.weight': torch.zeros(3, 64, 1, 1)
    }, 'size mismatch for layer1.0.conv1.weight'),
    ({
        'final_layers.1.weight': torch.zeros(20, 4, 1, 1)
    }, 'expected outputs of heatmaps and tags'),
])
def test_other_files_are_one_line(changes, message, released, convert,
                                  tmp_path):
    weights = {**released, **changes}
    source, out = tmp_path / 'other.pth', tmp_path / 'out.pth'
    torch.save({k: v for k, v in weights.items() if v is not None}, source)
    error = convert(source, out, code=2)
    assert message in error and 'Traceback' not in error
    assert not out.exists()


def test_files_that_run_code_or_exist(released, convert, tmp_path):
    source, out = tmp_path / 'a.pth', tmp_path / 'b.pth'
    torch.save(dict(a=Path('x')), source)
    assert 'not a checkpoint' in convert(source, out, code=2)
    out.write_text('')
    assert 'b.pth exists; --force' in convert(source, out, code=2)
    assert 'file not found' in convert(tmp_path / 'none', out, code=2)


@pytest.mark.parametrize('options', [
    dict(tag_per_keypoint=False),
    dict(with_tags=True, deconv_kernel_sizes=2),
    dict(cat_output=False, kernel_size=3, num_blocks=1),
    dict(deconv_channels=(6, 8), with_tags=(True, False, False)),
])
def test_the_head_is_read_off_the_weights(options):
    from projects.higherhrnet.higherhrnet import HigherResolutionHead
    from projects.higherhrnet.higherhrnet.released import infer_model
    weights = {
        f'head.{key}': value
        for key, value in HigherResolutionHead(4, 14, **
                                               options).state_dict().items()
    }
    weights['backbone.transition1.0.0.weight'] = torch.zeros(4, 1)
    width, found = infer_model(weights)
    assert width == 4 and found['num_keypoints'] == 14
    again = HigherResolutionHead(**found).state_dict()
    assert [(f'head.{key}', value.shape) for key, value in again.items()] == [
        (key, value.shape) for key, value in list(weights.items())[:-1]
    ]
