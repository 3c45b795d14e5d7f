"""The multi-metric MLP: fit, judge, store."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from scalenas_mm.benchmarks import NASBenchMR
from scalenas_mm.predictors import (MultiMetricMLP, PredictorError,
                                    fit_predictor, judge, load_predictor,
                                    save_predictor)
from scalenas_mm.registry import PREDICTORS
from scalenas_mm.spaces import ArchError, NCPSpace

SPACE = NCPSpace()
CODES = SPACE.sample_genes(np.random.default_rng(0), 300)
SIZE = CODES[:, -1] / 8.0 + CODES[:, 2]
METRICS = dict(mIoU=70 + SIZE, flops=1e9 * SIZE**2)


@pytest.fixture(scope='module')
def fitted():
    return fit_predictor(CODES[:250], {
        k: v[:250]
        for k, v in METRICS.items()
    }, 60)


def test_layers_are_the_papers():
    """Sec. E.1: 256 shared, 128 a metric, one output, dropout 0.5."""
    model = PREDICTORS.build(
        dict(type='MultiMetricMLP', num_genes=27, metrics=['a', 'b', 'c']))
    per_metric = (256 * 128 + 128) + (128 + 1)
    assert sum(p.numel() for p in model.parameters()) == (27 * 256 + 256 +
                                                          3 * per_metric)
    assert model.dropout.p == 0.5
    codes = torch.rand(4, 27)
    before = model.eval()(codes)
    with torch.no_grad():  # the second metric's own layers
        model.separate.weight[128:256] = 7
        model.head.bias[1] = 3
    changed = (model(codes) != before).any(0)
    assert changed.tolist() == [False, True, False]


def test_learns_and_keeps_units(fitted):
    rest = {key: values[250:] for key, values in METRICS.items()}
    scores = judge(fitted, CODES[250:], rest)
    predicted = fitted.predict(CODES[250:])
    for key, values in rest.items():
        assert scores[key]['kendall'] > 0.8
        assert scores[key]['l1'] == pytest.approx(
            np.mean(np.abs(predicted[key] - values)))
        assert scores[key]['kendall'] == pytest.approx(
            kendalltau(predicted[key], values)[0])
        assert scores[key]['l1'] < 0.3 * values.std()


def test_deterministic_and_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, second, other = (
        fit_predictor(CODES, METRICS, 2, seed=seed).predict(CODES[:5])['mIoU']
        for seed in (0, 0, 1))
    assert torch.rand(1) == expected
    assert (first == second).all() and (first != other).all()


def test_the_number_of_threads_does_not_change_the_result():
    before = torch.get_num_threads()
    one, two = (
        fit_predictor(CODES, METRICS, 5, threads=n).predict(CODES)['mIoU']
        for n in (1, 2))
    assert (one == two).all()
    assert torch.get_num_threads() == before


def test_a_constant_gene_and_metric_are_no_problem():
    codes = CODES.copy()
    codes[:, 3] = 2
    metrics = dict(mIoU=np.full(300, 50.0))
    model = fit_predictor(codes, metrics, 20)
    assert model.predict(codes)['mIoU'] == pytest.approx(50.0, abs=0.5)
    assert model.code_std[3] == 0 and model.metric_std[0] == 0


def test_a_diverged_fit_is_no_predictor():
    with pytest.raises(ArchError, match='lr: expected one with which'):
        fit_predictor(CODES, METRICS, 5, lr=1e30)


def test_progress_is_told():
    told = []
    fit_predictor(CODES, METRICS, 3, progress=lambda *args: told.append(args))
    assert [epoch for epoch, _ in told] == [1, 2, 3]
    assert all(np.isfinite(loss) for _, loss in told)


@pytest.mark.parametrize('codes, metrics, options, message', [
    (CODES[0], METRICS, {}, r'codes: expected shape \(num, genes\)'),
    (CODES, {}, {}, 'metrics: expected at least one'),
    (CODES, dict(mIoU=[1, 2]), {}, 'metrics.mIoU: expected 300 values'),
    (CODES, dict(mIoU=SIZE * np.nan), {}, 'metrics: expected finite'),
    (CODES, METRICS, dict(epochs=0), 'epochs: expected a positive'),
    (CODES, METRICS, dict(threads=0), 'threads: expected a positive'),
    (CODES, METRICS, dict(lr=-1.0), 'lr: expected a positive'),
])
def test_bad_data_is_named(codes, metrics, options, message):
    with pytest.raises(ArchError, match=message):
        fit_predictor(codes, metrics, **options)


def test_bad_questions_are_named(fitted):
    with pytest.raises(ArchError, match=r'codes: expected shape \(N, 27\)'):
        fitted.predict(CODES[:, :5])
    with pytest.raises(ArchError, match='metric: expected one of mIoU, flops'):
        fitted.index('top1')
    with pytest.raises(ArchError, match='metrics: expected different names'):
        MultiMetricMLP(27, ['a', 'a'])


# -- files -----------------------------------------------------------------
def test_stored_with_normalisation_and_provenance(fitted, tmp_path):
    path = tmp_path / 'folder' / 'seg.pth'
    save_predictor(path, fitted, dict(setting='seg', split=dict(train=[1, 2])))
    again, provenance = load_predictor(path)
    for key, values in fitted.predict(CODES).items():
        assert (again.predict(CODES)[key] == values).all()
    assert provenance == dict(setting='seg', split=dict(train=[1, 2]))
    assert [p.name for p in path.parent.iterdir()] == ['seg.pth']


def test_what_is_no_predictor_is_refused(fitted, tmp_path):
    with pytest.raises(PredictorError, match='there is no predictor'):
        load_predictor(tmp_path / 'none.pth')
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict={}), path)
    with pytest.raises(PredictorError, match='expected a file of the format'):
        load_predictor(path)
    torch.save(Path(".."), path)  # an object: never unpickled
    with pytest.raises(PredictorError, match='is no predictor') as error:
        load_predictor(path)
    assert 'weights_only' not in str(error.value)  # torch's advice
    save_predictor(path, fitted, {})
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(PredictorError, match='is no predictor'):
        load_predictor(path)


@pytest.mark.slow
def test_published_error_on_real_data(shared_data):
    """Table 6: 0.75 for Seg; at most 8% more."""
    table = NASBenchMR(shared_data / 'nas_bench_mr').table('seg')
    train, val = table.split(2000, 500, seed=0)
    model = fit_predictor(table.codes[train], {
        key: values[train]
        for key, values in table.columns.items()
    })
    scores = judge(model, table.codes[val], dict(mIoU=table.main_values[val]))
    assert scores['mIoU']['l1'] <= 0.75 * 1.08
    assert scores['mIoU']['kendall'] > 0.75
