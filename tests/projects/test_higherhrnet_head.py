"""The head of projects/higherhrnet, against the released network."""
import numpy as np
import pytest
import torch

from scalenas_mm.backbones import ScaleNet

pytest.importorskip('mmpose')


def hrnet(width):
    """mmpose's HRNet."""
    from mmpose.models.backbones import HRNet
    extra = dict(
        stage1=dict(
            num_modules=1,
            num_branches=1,
            block='BOTTLENECK',
            num_blocks=(4, ),
            num_channels=(64, )))
    for stage, num in (2, 1), (3, 4), (4, 3):
        extra[f'stage{stage}'] = dict(
            num_modules=num,
            num_branches=stage,
            block='BASIC',
            num_blocks=(4, ) * stage,
            num_channels=tuple(width * 2**i for i in range(stage)))
    return HRNet(extra)


@pytest.fixture(scope='module')
def released(shared_data):
    """A released network of width 4: weights and outputs in float64."""
    folder = shared_data / 'higherhrnet'
    weights = torch.load(folder / 'small_state_fp16.pth', weights_only=True)
    return {
        k: v.double()
        for k, v in weights.items()
    }, np.load(folder / 'forward.npz')


@pytest.mark.parametrize(
    'backbone', [
        lambda: hrnet(4),
        lambda: ScaleNet(4, False, arch='hrnet', upsample='nearest'),
    ],
    ids=['HRNet', 'ScaleNet'])
def test_outputs_are_the_released_networks(backbone, released):
    from projects.higherhrnet.higherhrnet import HigherResolutionHead
    weights, golden = released
    body, head = backbone(), HigherResolutionHead(4, 17, (4, ))
    own = {k: v for k, v in weights.items() if k in head.state_dict()}
    body.load_state_dict({k: v for k, v in weights.items() if k not in own})
    head.double().load_state_dict({**head.state_dict(), **own})
    body.double().eval(), head.eval()
    for name in 'x0', 'x1':
        with torch.no_grad():
            outputs = head(body(torch.tensor(golden[name]).double()))
        assert len(outputs) == 2
        for i, output in enumerate(outputs):
            expected = golden[f'{name}_out{i}']
            np.testing.assert_allclose(
                output.numpy(), expected, rtol=0, atol=1e-6 * np.ptp(expected))
