"""The same indices, found sooner."""
import pytest
import torch

from scalenas_mm.evaluation.argmax import quick_argmax


@pytest.mark.parametrize('dim', [0, 1, 2, -1, -3])
@pytest.mark.parametrize('keepdim', [True, False])
@pytest.mark.parametrize('kind', ['random', 'ties', 'nan', 'zeros', 'whole'])
def test_indices_are_those_of_torch(dim, keepdim, kind):
    torch.manual_seed(0)
    for shape in (11, 24, 23), (2, 3, 5), (1, 4, 4), (19, 7, 1):
        x = torch.randn(shape)
        if kind != 'random':
            x = x.round()  # many are equal, -0 and 0 among them
        if kind == 'nan':
            x[torch.rand(shape) < 0.2] = torch.nan
        if kind == 'zeros':
            x = torch.where(torch.rand(shape) < 0.5, -0.0, 0.0)
        if kind == 'whole':
            x = x.long()
        for y in (x, x.transpose(0, 1), x[..., ::2]):
            plain = y.argmax(dim, keepdim), y.argmax(dim=dim, keepdim=keepdim)
            with quick_argmax():
                quick = (y.argmax(dim,
                                  keepdim), y.argmax(dim=dim, keepdim=keepdim))
            assert all(map(torch.equal, plain, quick))


def test_other_calls_are_those_of_torch():
    x = torch.randn(3, 4)
    plain = torch.Tensor.argmax
    expected = x.argmax()
    with quick_argmax():
        assert torch.equal(x.argmax(), expected)
        assert torch.tensor(1.0).argmax(0) == 0
        with pytest.raises(IndexError):
            x.argmax(5)
        with pytest.raises(TypeError):
            x.argmax(0, nothing=1)
    assert torch.Tensor.argmax is plain
