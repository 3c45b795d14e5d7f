"""What the metafiles say is what the configs are."""
import json
import re
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from shipped import FULL, ROOT, shipped

from scalenas_mm.backbones import find_searchable
from scalenas_mm.evaluation import rest_of_model
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import Complexity

modelindex = pytest.importorskip('modelindex')
for library in 'mmseg', 'mmpretrain', 'mmdet3d':
    pytest.importorskip(library)

INDEX = modelindex.load(str(ROOT / 'model-index.yml'))
LIST = {model.name: model for model in INDEX.models}


def test_every_config_is_listed_once():
    names = [model.name for model in INDEX.models]
    assert sorted(names) == sorted(path.stem for path in FULL)
    for model in INDEX.models:
        assert ROOT / model.config in FULL
        assert Path(model.config).stem == model.name


def test_what_is_named_exists():
    collections = {collection.name for collection in INDEX.collections}
    assert {model.in_collection for model in INDEX.models} == collections
    for collection in INDEX.collections:
        assert (ROOT / collection.readme).is_file()
        assert (ROOT / collection.data['Code']['URL']).exists()


def test_results_name_their_source_and_no_weights_are_promised():
    for model in INDEX.models:
        assert model.weights is None
        if model.results is not None:
            assert model.data['Results Source'].startswith(
                'reported in the paper, not ours: ')


def test_mim_reads_them():
    search = pytest.importorskip('mim.commands.search')
    table = search.convert2df(INDEX)
    assert set(table.index) == set(LIST)
    row = table.loc['scalenet-w48_fcn_search_cityscapes-512x1024']
    assert row['cityscapes/miou_of_scalenet-s4'] == 82.0
    assert row['parameters(M)'] == 106.994


@lru_cache(None)
def measured(scope, model, size):
    """Backbone and cost of the rest of a model, which many configs share.

    On a meta device nothing is computed.
    """
    init_default_scope(scope)
    with torch.device('meta'):
        built = MODELS.build(json.loads(model))
    backbone = find_searchable(built)
    if built is backbone:
        return backbone, Complexity(0, 0)
    return backbone, rest_of_model(built, size)


def cost_of(config, metadata):
    """Of what the metadata says."""
    cfg = config.model.to_dict()
    model = cfg.get('architecture', cfg)
    if metadata['Cost Scope'] == 'backbone':
        model = model['backbone']
    for part in model, model.get('backbone', {}):
        part.pop('init_cfg', None)
    channels, *size = map(int, metadata['Cost Input'].split('x'))
    backbone, rest = measured(config.default_scope, json.dumps(model),
                              tuple(size))
    space = backbone.space
    arch = space.resolve(metadata['Cost Network'])
    assert channels == getattr(space, 'in_channels', 3)
    assert arch == backbone.arch  # what the config builds
    return space.complexity(arch, size) + rest


@pytest.mark.parametrize('name', LIST)
def test_cost_and_training(name):
    """Costs are the closed form's; batch and length are the config's."""
    metadata = LIST[name].metadata.data
    config = shipped(ROOT / LIST[name].config)
    cost = cost_of(config, metadata)
    assert metadata['Parameters (M)'] == round(cost.params / 1e6, 3)
    assert metadata['GMACs'] == round(cost.macs / 1e9, 3)
    if 'searcher' in config.train_cfg:
        assert 'Batch Size' not in metadata
        return
    assert metadata['Batch Size'] == config.auto_scale_lr.base_batch_size
    length = config.train_cfg.get('max_epochs') or config.train_cfg.max_iters
    assert metadata.get('Epochs', metadata.get('Iterations')) == length


@pytest.mark.parametrize('readme',
                         sorted({c.readme
                                 for c in INDEX.collections}))
def test_the_readme_has_the_same_costs(readme):
    """A row of a table names a config and says its parameters and GMACs."""
    text = (ROOT / readme).read_text()
    folder = readme.rpartition('/')[0]
    rows = re.findall(
        r'\n\| \[([^]]+)\]\([^|]+\) \|.*\| ([\d.]+) \| ([\d.]+) '
        r'\|', text)
    names = [
        name for name, model in LIST.items()
        if model.config.startswith(f'{folder}/')
    ]
    assert sorted(row[0] for row in rows) == sorted(names)
    for name, params, macs in rows:
        metadata = LIST[name].metadata.data
        assert float(params) == pytest.approx(
            metadata['Parameters (M)'], abs=0.005)
        assert float(macs) == pytest.approx(metadata['GMACs'], abs=0.005)
