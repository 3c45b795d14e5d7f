"""What the metafiles say is what the configs are."""
import re
from pathlib import Path

import pytest
from commands import run
from mmengine.config import Config
from shipped import FULL, ROOT, shipped

modelindex = pytest.importorskip('modelindex')
for library in 'mmseg', 'mmpose', 'mmdet', 'mmdet3d', 'mmpretrain':
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


def test_costs_are_those_of_the_configs(monkeypatch):
    """In metafiles and READMEs, to the last digit they show."""
    configs = {path: shipped(path) for path in FULL}  # each read once
    monkeypatch.setattr(Config, 'fromfile', configs.__getitem__)
    result = run('misc/update_cost_tables.py', '--check')
    assert result.code == 0, result.out + result.err


@pytest.mark.parametrize('name', LIST)
def test_training(name):
    """Batch and length are the config's."""
    metadata = LIST[name].metadata.data
    config = shipped(ROOT / LIST[name].config)
    if 'searcher' in config.train_cfg:
        assert 'Batch Size' not in metadata
        return
    assert metadata['Batch Size'] == config.auto_scale_lr.base_batch_size
    length = config.train_cfg.get('max_epochs') or config.train_cfg.max_iters
    assert metadata.get('Epochs', metadata.get('Iterations')) == length


@pytest.mark.parametrize('readme',
                         sorted({c.readme
                                 for c in INDEX.collections}))
def test_the_readme_lists_every_config(readme):
    """In tables whose columns ``update_cost_tables.py`` fills."""
    text = (ROOT / readme).read_text()
    tables = re.findall(r'(?:^\|.*\n)+', text, re.M)
    rows = re.findall(
        r'^\| \[([^]]+)\]\(([^)]+)\)', ''.join(
            table for table in tables
            if re.match(r'.*params \(M\) \|.* GMACs \|', table)), re.M)
    folder = readme.rpartition('/')[0]
    assert sorted((name, f'{folder}/{path}') for name, path in rows) == sorted(
        (name, model.config) for name, model in LIST.items()
        if model.config.startswith(f'{folder}/'))
