"""Counting by running."""
import torch
from torch import nn

from scalenas_mm.backbones import find_searchable
from scalenas_mm.evaluation import cost_model, count, rest_of_model
from scalenas_mm.spaces import Complexity


def test_layers_by_hand():
    net = nn.Sequential(
        nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, bias=True),
        nn.BatchNorm2d(6), nn.ConvTranspose2d(6, 5, 2, stride=2), nn.Flatten(),
        nn.Linear(5 * 8 * 8, 7))
    convolution = 6 * 2 * 9
    transposed = 6 * 5 * 4
    linear = 5 * 64 * 7
    expected = Complexity(convolution + 6 + 12 + transposed + 5 + linear + 7,
                          convolution * 16 + transposed * 16 + linear)
    for batch in (1, 3):
        x = torch.zeros(batch, 4, 8, 8)
        assert count(net, lambda: net(x), images=batch) == expected


def test_only_what_runs_counts():
    net = nn.ModuleList([nn.Linear(2, 3), nn.Linear(3, 4)])
    x = torch.zeros(1, 2)
    assert count(net, lambda: net[0](net[0](x)[:, :2])) == Complexity(9, 12)
    assert count(
        net, lambda: net[1](net[0](x)), skip=[net[0]]) == (
            Complexity(16, 12))


def test_model_is_backbone_and_rest(tiny):
    from tiny_search import runner_of
    model = runner_of(tiny / 'tiny_supernet.py', tiny / 'count').model
    backbone = find_searchable(model)
    costs = cost_model(model, (64, 96))
    assert rest_of_model(model, (64, 96)) == costs.rest
    for name in ('min', 'max'):
        with backbone.active(name) as arch:
            image = torch.zeros(1, 3, 64, 96)
            model.eval()
            counted = count(model, lambda: model(image))
            cost = costs(arch)
            assert counted == Complexity(cost['params'], cost['macs'])


def test_products_of_attention_count():
    tokens, width = 5, 8
    attention = nn.MultiheadAttention(width, 2, batch_first=True).eval()
    x = torch.zeros(1, tokens, width)
    layers = 4 * width * width * tokens
    products = 2 * tokens * tokens * width
    expected = Complexity(4 * width * (width + 1), layers + products)
    assert count(attention, lambda: attention(x, x, x)) == expected
    layer = nn.TransformerEncoderLayer(
        width, 2, dim_feedforward=16, batch_first=True).eval()
    more = count(layer, lambda: layer(x))
    assert more.macs == layers + products + 2 * 16 * width * tokens


class Tokens(nn.Module):
    """A parameter of no layer, and one below a part that does not run."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(3))
        self.used = nn.Linear(3, 2, bias=False)
        self.unused = nn.Sequential(nn.Linear(2, 2))
        self.unused.register_parameter('table', nn.Parameter(torch.zeros(9)))

    def score(self, x):  # not by __call__, as heads of OpenMMLab do
        return self.used(x + self.token)


def test_parameters_that_belong_to_no_layer():
    model = Tokens()
    x = torch.zeros(1, 3)
    assert count(model, lambda: model.score(x)) == Complexity(9, 6)


def test_functional_layers_count_by_what_they_use():
    """As elastic layers are, which use slices of their weights."""
    weight = nn.Parameter(torch.zeros(4, 3, 3, 3))
    run = torch.nn.functional.conv2d
    image = torch.zeros(1, 2, 8, 8)
    macs = count(nn.Identity(), lambda: run(image, weight[:3, :2])).macs
    assert macs == 3 * 2 * 9 * 36
