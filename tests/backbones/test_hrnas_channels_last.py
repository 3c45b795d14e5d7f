"""How maps lie in memory changes no result."""
import torch

from scalenas_mm.backbones import HRNAS

SMALL = dict(
    stem=(4, 8),
    blocks=((1, ), (1, 1)),
    widths=((8, ), (8, 16)),
    expansion=1,
    tokens=4,
    transformer=dict(size=2),
    head='none')


def test_channels_last():
    plain = HRNAS(**SMALL).eval()
    other = HRNAS(channels_last=True, **SMALL).eval()
    other.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 40, 44)
    for expected, found in zip(plain(x), other(x)):
        assert found.is_contiguous(memory_format=torch.channels_last)
        assert expected.is_contiguous()
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
