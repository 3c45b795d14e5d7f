"""Sums and resizing that save memory, beside what they stand for."""
import pytest
import torch
import torch.nn.functional as F

from scalenas_mm.ops import enlarge, rectified_total, total


def maps(num, *types):
    torch.manual_seed(0)
    return [
        torch.randn(2, 3, 5, 7).to(types[i % len(types)]) for i in range(num)
    ]


@pytest.mark.parametrize('types', [(torch.float32, ),
                                   (torch.bfloat16, torch.float32),
                                   (torch.float32, torch.bfloat16)])
@pytest.mark.parametrize('num', [1, 2, 4])
def test_sums(num, types):
    """As torch adds them from left to right, and no map is changed."""
    terms = maps(num, *types)
    before = [term.clone() for term in terms]
    expected = sum(terms[1:], terms[0])
    got = total(terms)
    assert got.dtype == expected.dtype and torch.equal(got, expected)
    assert torch.equal(rectified_total(terms), F.relu(expected))
    assert all(map(torch.equal, terms, before))


def test_sums_have_gradients():
    terms = [term.requires_grad_() for term in maps(3, torch.float32)]
    grads = [
        torch.autograd.grad(one.square().sum(), terms)
        for one in (rectified_total(terms), F.relu(sum(terms[1:], terms[0])))
    ]
    assert all(map(torch.equal, *grads))


@pytest.mark.parametrize('mode', ['nearest', 'bilinear'])
@pytest.mark.parametrize('layout',
                         [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('size', [(10, 14), (9, 13), (5, 7), (40, 23)])
def test_enlarge(mode, layout, size):
    """Bit for bit what torch does, in the memory format of the input."""
    x = torch.randn(2, 18, 5, 7).contiguous(memory_format=layout)
    options = dict(align_corners=False) if mode == 'bilinear' else {}
    with torch.no_grad():
        got = enlarge(x, size, mode)
    assert torch.equal(got, F.interpolate(x, size, mode=mode, **options))
    assert got.is_contiguous(memory_format=layout)
