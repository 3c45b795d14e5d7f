"""Ablations of HR-NAS: each changes one thing, and what it costs."""
import pytest
import torch
from hrnas_runs import HEADS, SIZE, small_network
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from shipped import FULL, named, shipped

from scalenas_mm.backbones import find_searchable, plain_cfg
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import HRNASSpace

mmseg = pytest.importorskip('mmseg')
ABLATIONS = [path for path in FULL if path.parent.name == 'ablations']
NAME = 'hrnas_fcn_{}_8xb4-430e_cityscapes-512x1024'
CITYSCAPES = (512, 1024)


def leaves(value, path=()):
    """All values inside dicts, by their path."""
    if isinstance(value, dict) and value:
        return {
            inner: leaf
            for key, item in value.items()
            for inner, leaf in leaves(item, (*path, key)).items()
        }
    return {path: value}


# which branches there are is two settings
TWO = dict(blocks='widths')


@pytest.mark.parametrize('path', ABLATIONS, ids=lambda path: path.stem)
def test_changes_one_thing_and_trains(path):
    config = shipped(path)
    base = shipped(base_of(path))
    now, before = (leaves(one.to_dict()['model']) for one in (config, base))
    changed = {
        key[-1]
        for key in now.keys() | before.keys()
        if now.get(key) != before.get(key)
    }
    assert len(changed - TWO.keys()) == 1
    losses, model = one_step(Config.fromfile(path).model)
    assert ('loss_penalty' in losses) == ('supernet' in path.stem)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name


def base_of(path):
    """The config that another one begins with."""
    text = path.read_text()
    start = text.index("_base_ = '") + len("_base_ = '")
    return (path.parent / text[start:text.index("'", start)]).resolve()


def one_step(cfg):
    """Losses of two tiny images, and the model with its gradients."""
    init_default_scope('mmseg')
    plain = cfg.get('architecture', cfg)
    single = (0, ) in [row[:1] for row in plain.backbone.get('widths', ())]
    ended = dict(
        blocks=((1, ), (0, 1)), widths=((4, ), (0, 6))) if single else {}
    small_network(plain)
    plain.backbone.update(ended)
    plain.data_preprocessor.size = SIZE
    if 'penalty' in cfg:
        cfg.penalty.update(input_size=SIZE, ramp=None)
    torch.manual_seed(0)
    model = MODELS.build(cfg)
    samples = []
    for _ in range(2):
        sample = mmseg.structures.SegDataSample(
            gt_sem_seg=PixelData(data=torch.randint(0, 19, (1, *SIZE))))
        sample.set_metainfo(dict(img_shape=SIZE))
        samples.append(sample)
    losses = model(torch.randn(2, 3, *SIZE), samples, mode='loss')
    loss, _ = model.parse_losses(losses)
    loss.backward()
    assert find_searchable(model).space.head_channels == HEADS['dense']
    return losses, model


# ---- what they cost -------------------------------------------------------
def space_of(name, **changes):
    """The space of a config's backbone."""
    backbone = plain_cfg(shipped(named(NAME.format(name))).model)['backbone']
    for key in 'type', 'norm_cfg':
        backbone.pop(key)
    return HRNASSpace(**{**backbone, **changes})


def added(space, cost):
    """What its transformers add to the network without them."""
    plain = HRNASSpace(**{**arguments(space), 'tokens': 0})
    with_them, without = (
        getattr(one, cost)(one.max_arch(), CITYSCAPES)
        for one in (space, plain))
    return with_them + type(without)(-without.params, -without.macs)


def arguments(space):
    out = space.to_dict()
    out.pop('type')
    return out


@pytest.mark.parametrize('name, size, macs, paper', [
    ('subnet-size-2', 2, 224_000, 0.000),
    ('subnet-size-4', 4, 1_162_112, 0.001),
    ('subnet-tokens-8', 8, 8_969_600, 0.009),
    ('subnet-size-16', 16, 105_080_192, 0.106),
])
def test_table_9(name, size, macs, paper):
    """The paper's FLOPs are those of the released profiler, to the last digit
    that it prints; the profiler's own are in the decoded data."""
    space = space_of(name)
    assert space.transformer.size == size
    settings = dict(variant='released', size=size)
    released = HRNASSpace(**{**arguments(space), 'transformer': settings})
    found = added(released, 'released_profile')
    assert found.macs == macs
    assert sum(1 for tokens in space.max_arch().tokens if tokens) == 44
    # of 1.863 G with, and without, three digits each
    assert abs(found.macs / 1e9 - paper) < 1.1e-3
