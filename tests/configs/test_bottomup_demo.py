"""The demo of bottom-up pose from its data to an exported network."""
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from shipped import named
from short_runs import run_short, shorten

from scalenas_mm.datasets import DemoFigures, make_demo
from scalenas_mm.export import export_candidate, open_source
from scalenas_mm.search import read_archive, read_meta

pytest.importorskip('mmpose')
TEACHER = 'scalenet-w8_higherhrnet_1xb8-2000iters_figures-128x128'
SUPERNET = 'scalenet-w8_higherhrnet_supernet_1xb8-1500iters_figures-128x128'
SEARCH = 'scalenet-w8_higherhrnet_search_figures-128x128'


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('figures')
    make_demo(folder, 'figures', DemoFigures(train=2, val=2), force=True)
    return folder


def load(name, data):
    """As shipped, but for the data, short, and so untrained that any place
    may be a joint."""
    config = Config.fromfile(named(name))
    for part in 'train', 'val', 'test':
        loader = config[f'{part}_dataloader']
        loader.batch_size = 2
        loader.dataset.data_root = str(data)
    for evaluator in config.val_evaluator, config.test_evaluator:
        evaluator.ann_file = f'{data}/annotations/person_keypoints_val.json'
    model = config.model.get('architecture', config.model)
    model.test_cfg.grouping = dict(detection_threshold=-1.0, max_people=5)
    shorten(config, input_size=(128, 128))
    return config


def test_from_the_data_to_an_exported_network(data, tmp_path):
    """Its plain test gives what the search recorded, to the last digit."""
    runner, teacher = run_short(load(TEACHER, data), tmp_path / TEACHER)
    losses = runner.message_hub.log_scalars
    for part in 'heatmap_0', 'heatmap_1', 'pull_0', 'push_0':
        assert np.isfinite(losses[f'train/loss_{part}'].current())
    runner, supernet = run_short(
        load(SUPERNET, data), tmp_path / SUPERNET, teacher)
    assert runner.message_hub.log_scalars['train/distill.loss_mse'].current(
    ) > 0
    config = load(SEARCH, data)
    run_short(config, tmp_path / SEARCH, supernet)
    archive = tmp_path / SEARCH / 'archive.jsonl'
    records = read_archive(archive)
    assert [record.ok for record in records] == [True] * 3
    assert all('coco/AP' in record.metrics for record in records)

    export_candidate(
        open_source(named(SEARCH), config, str(supernet), read_meta(archive)),
        records[1], tmp_path, 'a comment')
    plain = load(TEACHER, data)
    exported = Config.fromfile(tmp_path / 'scalenet_0001.py')
    plain.update(
        model=exported.model,
        work_dir=str(tmp_path),
        load_from=str(tmp_path / 'scalenet_0001.pth'),
        experiment_name=tmp_path.name)
    metrics = Runner.from_cfg(plain).test()
    assert {k: float(v) for k, v in metrics.items()} == records[1].metrics
