"""Predictors of a benchmark's settings, as they are trained and stored."""
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scalenas_mm.benchmarks import ArchTable, BenchmarkError
from scalenas_mm.predictors import fit_predictor, load_predictor, training
from scalenas_mm.spaces import NCPSpace, SettingError

TOOL = Path(__file__).parents[2] / 'tools' / 'train_predictor.py'


@pytest.fixture(scope='module')
def table():
    codes = NCPSpace().sample_genes(np.random.default_rng(0), 24).astype(int)
    columns = {'mIoU': codes.sum(1) / 20.0, 'flops': codes[:, 0] / 9.0}
    return ArchTable('seg', codes, columns, 'mIoU', NCPSpace())


def test_the_first_seed_is_stored_with_what_it_was_made_from(table, tmp_path):
    trained = training.train_setting(
        table, tmp_path, ['flops'], 18, 6, seeds=(3, 4), epochs=2)
    assert trained.main == 'flops' and len(trained.runs) == 2
    scores = [run['scores']['flops']['l1'] for run in trained.runs]
    assert trained.mean('l1') == pytest.approx(np.mean(scores))
    assert trained.deviation('l1') == pytest.approx(
        abs(scores[0] - scores[1]) / 2**0.5)
    path = training.predictor_file(tmp_path, 'seg')
    predictor, origin = load_predictor(path)
    assert origin['seed'] == 3
    assert origin['scores'] == trained.runs[0]['scores']
    assert origin['training'] == dict(
        training.fit_defaults(),
        epochs=2,
        features='code+log',
        weight_decay=2e-3,
        log_loss=True)
    assert predictor.settings['features'] == 'code+log'
    assert origin['data_sha256'] == training.data_sha256(table)
    rows = origin['split']['train']
    again = fit_predictor(
        table.codes[rows], {'flops': table.columns['flops'][rows]},
        epochs=2,
        seed=3)
    assert (again.predict(table.codes)['flops'] == predictor.predict(
        table.codes)['flops']).all()


def test_all_settings_are_known_before_a_training(table):
    found = training.fit_settings(table.take(np.arange(2)), lr=0.1)
    assert (found['features'], found['epochs']) == ('code+log', 100)  # space
    assert found['lr'] == 0.1
    paper = training.fit_settings(table, features='code', weight_decay=1e-7)
    assert (paper['epochs'], paper['weight_decay']) == (200, 1e-7)
    assert not paper['log_loss']
    with pytest.raises(SettingError, match='epochs: expected a whole number'):
        training.fit_settings(table, epochs=0)


def test_other_data_have_another_digest(table):
    part = table.take(np.arange(23))
    moved = ArchTable('seg', table.codes, {'mIoU': table.main_values + 1},
                      'mIoU')
    digests = map(training.data_sha256, (table, part, moved))
    assert len(set(digests)) == 3


def test_sizes_of_a_split():
    assert training.split_sizes(2507) == (2000, 500)
    assert training.split_sizes(2100) == (1680, 420)
    assert training.split_sizes(3) == (2, 1)


def test_unknown_metrics(table, tmp_path):
    with pytest.raises(BenchmarkError, match="one of mIoU, flops, got 'AP'"):
        training.train_setting(table, tmp_path, ['AP'])
    assert not list(tmp_path.iterdir())


def test_help_says_the_defaults():
    """They are the library's, which --help does not import."""
    text = subprocess.run([sys.executable, TOOL, '--help'],
                          check=True,
                          capture_output=True,
                          text=True).stdout
    said = {
        name.replace('-', '_'): float(value)
        for name, value in re.findall(
            r'--([a-z-]+) [^-]*?default: ([0-9.e-]*[0-9])', text)
    }
    known = dict(
        training.fit_defaults(),
        num_train=training.NUM_TRAIN,
        num_val=training.NUM_VAL,
        threads=training.THREADS)
    names = {'batch_size', 'lr', 'num_train', 'num_val', 'threads'}
    assert {
        name: said[name]
        for name in names
    } == {
        name: known[name]
        for name in names
    }
