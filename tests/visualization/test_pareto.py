import json

import numpy as np
import pandas as pd
import pytest

from scalenas_mm.visualization import load_records, plot_pareto, plot_progress
from scalenas_mm.visualization.pareto_data import evaluated, hypervolumes

FAILED = {3, 17}


def record(i, rng):
    params, macs = (int(x) for x in rng.integers(1, 10**9, 2))
    out = dict(
        id=i,
        # a digest of digits only must stay text
        digest=f'{i:016d}',
        arch={'modules': []},
        metrics={
            'mIoU': float(rng.random()),
            'loss': float(rng.random())
        },
        cost=dict(
            params=params,
            macs=macs,
            backbone_params=params - 1,
            backbone_macs=macs - 1),
        parents=[],
        generation=i // 10,
        status='ok',
        seconds=1.0)
    if i in FAILED:
        out.update(status='failed', metrics={}, error='out of memory')
    return out


@pytest.fixture
def archive(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / 'archive.jsonl'
    path.write_text(''.join(
        json.dumps(record(i, rng)) + '\n' for i in range(40)))
    return path


def gid(figure, name):
    return next(iter(figure.findobj(lambda artist: artist.get_gid() == name)))


def brute_force(points, sign):
    """Every pair is compared."""
    return sorted(
        (x, y) for x, y in points
        if not any(a <= x and sign * b <= sign * y and (a, b) != (x, y)
                   for a, b in points))


def test_records_keep_order_digests_and_failures(archive):
    records = load_records(archive)
    assert records.id.tolist() == list(range(40))
    assert records.digest[7] == '0000000000000007'
    assert set(records.id[records.status == 'failed']) == FAILED
    assert {'metrics.mIoU', 'cost.macs'} <= set(records.columns)


@pytest.mark.parametrize('metric, sign', [('mIoU', -1), ('loss', 1)])
@pytest.mark.parametrize('cost, unit', [('macs', 1e9), ('params', 1e6)])
def test_the_front_is_what_no_candidate_beats(archive, metric, sign, cost,
                                              unit):
    records = load_records(archive)
    figure = plot_pareto(
        records, None, metric, cost, lower_is_better=sign == 1)
    ok = records[records.status == 'ok']
    points = list(zip(ok[f'cost.{cost}'] / unit, ok[f'metrics.{metric}']))
    front = gid(figure, 'front')
    assert front.get_drawstyle() == 'steps-post'
    assert np.allclose(front.get_xydata(), brute_force(points, sign))
    drawn = gid(figure, 'candidates').get_offsets()
    assert np.allclose(sorted(drawn.tolist()), sorted(points))


def test_failed_candidates_are_counted_not_drawn(archive):
    figure = plot_pareto(load_records(archive), None, 'mIoU')
    text = ' '.join(text.get_text() for text in figure.texts)
    assert '38 candidates' in text and '2 failed (not drawn)' in text


def test_axes_name_their_units(archive):
    records = load_records(archive)
    for cost, label in (('macs', 'GMACs (model)'), ('backbone_params',
                                                    'parameters (M, '
                                                    'backbone)')):
        axes = plot_pareto(records, None, 'mIoU', cost).axes[0]
        assert (axes.get_xlabel(), axes.get_ylabel()) == (label, 'mIoU')


def test_a_further_cost_keeps_its_name_and_unit(archive):
    records = load_records(archive)
    records['cost.latency@cpu'] = 7.5
    axes = plot_pareto(records, None, 'mIoU', 'latency@cpu').axes[0]
    assert axes.get_xlabel() == 'latency@cpu'
    assert axes.get_lines()[0].get_xdata()[0] == 7.5
    with pytest.raises(KeyError, match='cost: expected one of .*latency@cpu'):
        plot_pareto(records, None, 'mIoU', 'energy')


def test_selected_candidates_are_starred_and_labelled(archive):
    figure = plot_pareto(load_records(archive), None, 'mIoU', selected=[4, 9])
    assert len(gid(figure, 'selected').get_xydata()) == 2
    labels = figure.findobj(lambda artist: artist.get_gid() == 'label')
    assert {label.get_text() for label in labels} == {'#4', '#9'}
    with pytest.raises(KeyError, match=r'\[3, 99\]'):
        plot_pareto(load_records(archive), None, 'mIoU', selected=[3, 4, 99])


def test_references_are_drawn_in_the_unit_of_the_axis(archive):
    figure = plot_pareto(
        load_records(archive),
        None,
        'mIoU',
        references={
            'HRNet': (2e9, 0.5),
            'max': (3e9, None)
        })
    assert gid(figure, 'reference/HRNet').get_xydata().tolist() == [[2, 0.5]]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ['HRNet', 'max']


def test_an_archive_read_by_pandas_gives_the_same_plot(archive):
    figures = [
        plot_pareto(records, None, 'mIoU', selected=[5])
        for records in (load_records(archive),
                        pd.read_json(archive, lines=True))
    ]
    fronts = [gid(figure, 'front').get_xydata() for figure in figures]
    assert np.allclose(*fronts)


def test_errors_name_what_there_is(archive, tmp_path):
    records = load_records(archive)
    path = tmp_path / 'a.png'
    with pytest.raises(KeyError, match=r"\['loss', 'mIoU'\], got 'AP'"):
        plot_pareto(records, path, 'AP')
    with pytest.raises(KeyError, match="got 'flops'"):
        plot_pareto(records, path, 'mIoU', 'flops')
    with pytest.raises(ValueError, match='got 2 records'):
        plot_pareto(records[records.status == 'failed'], path, 'mIoU')
    with pytest.raises(ValueError, match='got 0 records'):
        plot_progress(pd.DataFrame(), path, 'mIoU')
    assert not path.exists()


def test_one_generation_and_one_candidate(archive, tmp_path):
    records = load_records(archive).head(1)
    for plot in (plot_pareto, plot_progress):
        assert plot(records, tmp_path / 'a.png', 'mIoU').axes


@pytest.mark.parametrize('metric, lower', [('mIoU', False), ('loss', True)])
def test_progress_only_improves_and_ends_at_the_best(archive, metric, lower):
    records = load_records(archive)
    figure = plot_progress(records, None, metric, lower_is_better=lower)
    sign = -1 if lower else 1
    best = sign * gid(figure, 'best').get_ydata()
    assert (np.diff(best) >= 0).all()
    assert best[-1] == (sign * records[f'metrics.{metric}']).max()
    volume = gid(figure, 'hypervolume').get_ydata()
    assert (np.diff(volume) >= -1e-12).all() and 0 < volume[-1] <= 1


def test_hypervolume_of_a_known_front():
    points = pd.DataFrame({
        'id': [0, 1, 2],
        'cost': [10.0, 0.0, 5.0],
        'metric': [1.0, 0.0, 1.0]
    })
    # the last one reaches the best metric at half of the cost
    assert hypervolumes(points, False).tolist() == [0, 0, 0.5]


def test_candidates_without_the_metric_are_left_out(archive):
    records = load_records(archive)
    records.loc[0, 'metrics.mIoU'] = np.nan
    assert 0 not in evaluated(records, 'mIoU', 'macs').id.tolist()
    figure = plot_pareto(records, None, 'mIoU')
    assert '1 without the metric' in ' '.join(text.get_text()
                                              for text in figure.texts)
