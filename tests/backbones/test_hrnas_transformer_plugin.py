"""Lightweight transformers in backbones of other libraries."""
import copy

import pytest
import torch
import torch.distributed as dist
from mmengine.model import ExponentialMovingAverage, MMDistributedDataParallel
from mmengine.registry import init_default_scope
from torch import nn

from scalenas_mm.backbones import find_searchable, model_parts
from scalenas_mm.evaluation import count
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.hrnas import BlockPlace, TransformerSettings
from scalenas_mm.spaces.hrnas.cost import transformer_costs

pytest.importorskip('mmpretrain')
SMALL = dict(type='mmpretrain.MobileNetV2', widen_factor=.125)
ALL = dict(MobileNetV2='layer?.*', ShuffleNetV2='layers.[012].*')
KEPT = [
    'layer2.1', 'layer3.[12]', 'layer4.[123]', 'layer5.[12]', 'layer6.[12]'
]


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmpretrain')


def build(backbone=SMALL, places='layer[23].*', seed=0, **kwargs):
    torch.manual_seed(seed)
    kwargs.setdefault('transformer', dict(size=4, dropout=0.))
    plugin = MODELS.build(
        dict(
            type='scalenas_mm.TransformerPlugin',
            backbone=backbone,
            places=places,
            **kwargs))
    plugin.eval()
    return plugin


def image(*size, batch=1):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(batch, 3, *(size or (35, 50)), generator=generator)


class Toy(nn.Module):
    """Modules that transformers can and cannot be put beside."""

    def __init__(self):
        super().__init__()
        self.good = nn.Conv2d(3, 4, 3, 2)
        self.inplace = nn.ReLU(inplace=True)
        self.unused = nn.Conv2d(4, 4, 1)
        self.vector = nn.Flatten()

    def forward(self, x):
        x = self.inplace(self.good(x))
        self.vector(x)
        return x, self.good(input=x[:, :3])


@pytest.fixture(scope='module', autouse=True)
def toy():
    MODELS.register_module(module=Toy)
    yield
    del MODELS._module_dict['Toy']


# -- what it computes ---------------------------------------------------------
def test_transformers_are_added_at_the_places():
    plugin = build()
    assert list(plugin.transformers) == [
        'layer2-0', 'layer2-1', 'layer3-0', 'layer3-1', 'layer3-2'
    ]
    places = dict(plugin.backbone.named_modules())
    seen = []

    def compare(module, args, out):
        name = next(n for n in places if places[n] is module)
        part = plugin.transformers[name.replace('.', '-')]
        added = part(args[0], out.shape[2:])
        seen.append((out, module.forward(args[0]) + added))

    for name in plugin.transformers:
        places[name.replace('-', '.')].register_forward_hook(compare)
    plugin(image())  # odd sides, strides 1 and 2
    assert len(seen) == 5
    for out, expected in seen:
        assert torch.equal(out, expected)


def test_zero_init_begins_with_the_backbone_itself():
    plugin = build(zero_init=True)
    inside = copy.deepcopy(plugin.backbone)
    for module in inside.modules():
        module._forward_hooks.clear()
    assert torch.equal(plugin(image())[0], inside(image())[0])
    assert not torch.equal(build()(image())[0], inside(image())[0])


def test_tokens_of_each_place():
    plugin = build(places=['layer3.*', 'layer2.1'], tokens=[3, 0, 5, 0])
    assert {
        name: len(part.query)
        for name, part in plugin.transformers.items()
    } == {
        'layer2-1': 3,
        'layer3-1': 5
    }


@pytest.mark.parametrize('backbone, places', [
    (SMALL, 'layer?.*'),
    (dict(type='mmpretrain.ShuffleNetV2', widen_factor=.5), 'layers.[012].*'),
    (dict(
        type='mmpretrain.ResNet', depth=18, base_channels=8,
        stem_channels=8), 'layer?.*'),
])
def test_recomputation_changes_nothing(backbone, places):
    gradients = []
    for with_cp in (False, True):
        plugin = build(dict(backbone, with_cp=with_cp), places)
        plugin.double().train()
        x = image(batch=2).double().requires_grad_()
        plugin(x)[-1].square().sum().backward()
        gradients.append([x.grad, *(p.grad for p in plugin.parameters())])
    for a, b in zip(*gradients):
        assert torch.allclose(a, b)


def test_a_copy_has_transformers_of_its_own():
    plugin = build()
    copied = copy.deepcopy(plugin)
    average = ExponentialMovingAverage(plugin, momentum=.5)
    before = plugin(image())[0]
    assert torch.equal(copied(image())[0], before)
    for part in copied.transformers.values():
        nn.init.zeros_(part.reverse_norm.weight)
    assert torch.equal(plugin(image())[0], before)
    assert not torch.equal(copied(image())[0], before)
    average.update_parameters(copied)  # the first one is a copy
    assert torch.equal(average(image())[0], copied(image())[0])


@pytest.fixture
def one_process(tmp_path):
    dist.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_distributed(one_process):
    """Every parameter is found, its gradient the same."""
    plugin = build(places='layer?.*')
    plugin.train()
    alone = copy.deepcopy(plugin)
    alone(image(batch=2))[0].sum().backward()
    MMDistributedDataParallel(plugin)(image(batch=2))[0].sum().backward()
    for a, b in zip(plugin.parameters(), alone.parameters()):
        assert torch.equal(a.grad, b.grad)


# -- the backbone stays itself ------------------------------------------------
def test_pretrained_weights_of_the_backbone(tmp_path):
    torch.manual_seed(1)
    plain = MODELS.build(SMALL)
    path = tmp_path / 'plain.pth'
    torch.save(dict(state_dict=plain.state_dict()), path)
    plugin = build(
        dict(SMALL, init_cfg=dict(type='Pretrained', checkpoint=str(path))))
    tokens = {
        k: v.clone()
        for k, v in plugin.transformers.state_dict().items()
    }
    plugin.init_weights()
    assert plugin.backbone.state_dict().keys() == plain.state_dict().keys()
    for key, value in plain.state_dict().items():
        assert torch.equal(plugin.backbone.state_dict()[key], value)
    for key, value in plugin.transformers.state_dict().items():
        assert torch.equal(value, tokens[key])


def test_frozen_stages_and_norms_do_not_freeze_transformers():
    plugin = build(dict(SMALL, frozen_stages=3, norm_eval=True))
    plugin.train()
    norms = (nn.BatchNorm2d, )
    assert not any(m.training
                   for m in plugin.backbone.modules() if isinstance(m, norms))
    assert all(m.training for m in plugin.transformers.modules())
    plugin(image(batch=2))[0].sum().backward()
    assert all(p.grad is not None for p in plugin.transformers.parameters())
    assert plugin.backbone.layer2[1].conv[0].conv.weight.grad is None


def test_attributes_are_those_of_the_backbone():
    plugin = build()
    assert plugin.out_indices == (7, ) and plugin.frozen_stages == -1
    assert plugin.conv_cfg is None
    assert not hasattr(plugin, 'make_layer') and not hasattr(plugin, 'other')


def test_around_a_searchable_backbone():
    backbone = dict(
        type='scalenas_mm.ScaleNet',
        width=4,
        stem_width=8,
        stage1_blocks=1,
        num_modules=(1, 1, 1))
    plugin = build(backbone, ['layer1.0'])
    inside = find_searchable(plugin)
    assert inside is plugin.backbone
    parts = model_parts(plugin, inside.space.min_arch())
    assert 'transformers.layer1-0.query' in parts
    assert {k
            for k in parts if not k.startswith('transformers.')} == {
                f'backbone.{k}'
                for k in inside.parts(inside.space.min_arch())
            }


# -- errors -------------------------------------------------------------------
@pytest.mark.parametrize('places, text', [
    ('layer2.2', r'places: .*layer2\.[01], .*got .layer2\.2'),
    (['layer2.1', 'layr3.0'], r'places\[1\]: .*layer3\.0'),
    ([], 'places: expected names'),
    (None, 'places: expected names'),
    ('layer2', None),
    (['layer2.0', 'layer?.0', 'layer2.0'], None),
])
def test_places(places, text):
    if text is None:
        build(places=places)
        return
    with pytest.raises(SettingError, match=text):
        build(places=places)


@pytest.mark.parametrize('place, text', [
    ('inplace', 'in place'),
    ('unused', 'that an image passes'),
    ('vector', 'return a map'),
    ('good', 'first argument'),
])
def test_modules_that_are_no_places(place, text):
    with pytest.raises(SettingError, match=f'places: .*{text}.*{place}'):
        build(dict(type='scalenas_mm.Toy'), place)


@pytest.mark.parametrize('tokens', [0, [1], [1, 2, 3, 4, -1]])
def test_wrong_tokens(tokens):
    with pytest.raises(SettingError, match='tokens'):
        build(tokens=tokens)


# -- Table 8 ------------------------------------------------------------------
ENCODER = dict(decoder=False, ffn_ratio=1)


@pytest.mark.parametrize('name, places, transformer, params, macs', [
    ('ShuffleNetV2', ALL['ShuffleNetV2'], 'paper', 1_671_648, 16_912_384),
    ('ShuffleNetV2', ALL['ShuffleNetV2'], ENCODER, 471_520, 7_344_128),
    ('MobileNetV2', ALL['MobileNetV2'], 'paper', 1_724_768, 15_057_920),
    ('MobileNetV2', KEPT, ENCODER, 264_176, 2_869_248),
])
def test_cost_of_transformers(name, places, transformer, params, macs):
    """8 tokens of 8x8; what is added to the networks of Table 8. The paper:
    .479 M and .007 G, .265 M and .002 G."""
    with torch.device('meta'):
        plugin = build(
            dict(type=f'mmpretrain.{name}'), places, transformer=transformer)
    assert sum(p.numel() for p in plugin.transformers.parameters()) == params
    total = 0
    for part in plugin.transformers.values():
        settings = TransformerSettings.resolve(transformer)
        width = part.input_proj.in_channels - settings.num_positions
        place = BlockPlace('', width, part.reverse_proj.out_channels, 1, 0)
        _, layers, attention = transformer_costs(place, settings)
        cost = layers + attention
        total += cost.token * 8 + cost.pair * 64 + cost.once
    assert total == macs
    assert count(
        part,
        lambda: part(torch.zeros(1, width, 7, 7, device='meta'))).macs == sum(
            c * n for c, n in zip(cost, (8, 64, 1)))


@pytest.mark.parametrize('name, params', [('ShuffleNetV2', 2_278_604),
                                          ('MobileNetV2', 3_504_872)])
def test_networks_are_those_of_the_table(name, params):
    """2.279 M and 3.505 M with the classifier."""
    head = dict(MobileNetV2=1280, ShuffleNetV2=1024)[name]
    with torch.device('meta'):
        backbone = MODELS.build(dict(type=f'mmpretrain.{name}'))
    total = sum(p.numel() for p in backbone.parameters())
    assert total + head * 1000 + 1000 == params
