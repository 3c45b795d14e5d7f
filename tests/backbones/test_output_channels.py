"""What spaces say about outputs is what built networks put out."""
import pytest
import torch

from scalenas_mm.backbones import NCPNet, ScaleNet
from scalenas_mm.spaces import NCPArch, NCPSpace


def channels_of(net):
    with torch.no_grad():
        maps = net.eval()(torch.zeros(1, 3, 64, 64))
    return tuple(x.shape[1] for x in maps)


@pytest.mark.parametrize('multi_scale_output', [True, False])
@pytest.mark.parametrize('num_modules', [(1, ), (1, 1, 1)])
def test_scalenet(multi_scale_output, num_modules):
    net = ScaleNet(
        width=3,
        multi_scale_output=multi_scale_output,
        depths=(1, 2),
        num_modules=num_modules,
        stem_width=4,
        stage1_blocks=1)
    expected = channels_of(net)
    assert len(expected) == (len(num_modules) + 1)**multi_scale_output
    for arch in (net.space.max_arch(), net.space.min_arch()):
        assert net.space.output_channels(arch) == expected


@pytest.mark.parametrize('output', [8, 320])
def test_ncp(output):
    smallest = NCPSpace().min_arch().code
    arch = NCPArch((*smallest[:-1], output))
    net = NCPNet(arch=arch, channels=(8, 320))
    assert channels_of(net) == net.space.output_channels(arch) == (output, )
