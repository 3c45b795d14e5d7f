"""What the figures of NCP show."""
import numpy as np
import pandas as pd
import pytest
from nas_bench_mr.figures import (CodeTrace, draw_code_traces, draw_codes,
                                  draw_matrix, draw_ranks)
from nas_bench_mr.figures.trace import code_groups
from scipy.stats import spearmanr

from scalenas_mm.spaces import ArchError, NCPSpace

INITIAL = NCPSpace().initial_arch()
NAMES = ['seg', 'video', 'cls-50-1000']


def gids(figure):
    """Artists by gid, in order of drawing."""
    out = {}
    for artist in figure.findobj(lambda artist: artist.get_gid()):
        out.setdefault(artist.get_gid(), []).append(artist)
    return out


def gid(figure, name):
    return gids(figure)[name]


def texts(figure):
    return [text.get_text() for text in figure.texts]


def lines_of(legend):
    return [text.get_text() for text in legend.get_texts()]


def assert_nothing_is_cut_off(figure):
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0) >= -0.01
    assert box.x1 <= width + 0.01 and box.y1 <= height + 0.01


# -- matrix ---------------------------------------------------------------
@pytest.fixture
def correlations():
    data = np.random.default_rng(0).random((20, 3))
    return pd.DataFrame(data, columns=NAMES).rank().corr()


def test_cells_hold_the_numbers(correlations, tmp_path):
    correlations.iloc[0, 1] = np.nan
    path = tmp_path / 'matrix.png'
    figure = draw_matrix(correlations, path, 'Ranks', '20 networks')
    assert path.stat().st_size
    axes = figure.axes[0]
    for (row, column), value in np.ndenumerate(correlations.to_numpy()):
        cell, = gid(figure, f'cell/{row}/{column}')
        assert cell.get_position() == (column, row)
        shown = cell.get_text().replace('−', '-')
        assert shown == ('–' if np.isnan(value) else f'{value:.3f}')
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels] == NAMES
    assert texts(figure) == ['Ranks', '20 networks']
    assert_nothing_is_cut_off(figure)


def test_a_matrix_is_square_and_of_correlations(correlations, tmp_path):
    path = tmp_path / 'matrix.png'
    with pytest.raises(ValueError, match='the same names for rows'):
        draw_matrix(correlations.iloc[:, :2], path)
    with pytest.raises(ValueError, match='from -1 to 1, got 3'):
        draw_matrix(correlations * 3, path)
    assert not path.exists()


# -- codes ----------------------------------------------------------------
def test_bars_are_the_numbers_on_two_scales():
    code = NCPSpace().sample(np.random.default_rng(1)).code
    figure = draw_codes({
        'seg': code,
        'initial': str(INITIAL)
    }, {'seg': ['mIoU 77.00', 'cls-50-1000 top1 86.75 predicted']})
    drawn = gids(figure)
    for name, values in (('seg', code), ('initial', INITIAL.code)):
        row = ['seg', 'initial'].index(name)
        for i, value in enumerate(values):
            bar = drawn[f'bar/{i}'][row]
            is_small = i in (2, 3, 5, 6, 7, 10, 11, 12, 13, 17, 18, 19, 20, 21)
            assert bar.get_height() == value / (4 if is_small else 128)
        axes = figure.axes[2 * row]
        numbers = [text.get_text() for text in axes.texts]
        assert numbers[:27] == list(map(str, values))
    assert ''.join(
        label.get_text()
        for label in figure.axes[0].get_xticklabels()) == ('cc'
                                                           'bnc'
                                                           'bnncc'
                                                           'bnnnccc'
                                                           'bnnnncccc'
                                                           'c')
    figure.canvas.draw()
    note = figure.texts[1].get_window_extent()
    assert note.x1 < figure.axes[0].get_tightbbox().x0
    assert {'seg', 'initial', 'mIoU 77.00\ncls-50-1000 top1 86.75 predicted'
            } <= set(texts(figure))
    assert_nothing_is_cut_off(figure)


def test_scales_grow_with_larger_numbers():
    code = list(INITIAL.code)
    code[4], code[2] = 255, 8
    figure = draw_codes({'large': code, 'initial': INITIAL})
    (channels, _), (blocks, other) = (gid(figure, f'bar/{i}') for i in (4, 2))
    assert channels.get_height() == blocks.get_height() == 1
    assert other.get_height() == 2 / 8
    scale = [float(t.get_text()) for t in figure.axes[1].get_yticklabels()]
    assert scale[-1] == 255


def test_what_is_no_code(tmp_path):
    path = tmp_path / 'codes.png'
    with pytest.raises(ValueError, match='networks: expected at least one'):
        draw_codes({}, path=path)
    with pytest.raises(ArchError, match='27 integers'):
        draw_codes({'short': [1, 2]}, path=path)
    assert not path.exists()


# -- traces ---------------------------------------------------------------
def trace(name='continuous', seed=0, metrics=('mIoU', )):
    rng = np.random.default_rng(seed)
    codes = np.concatenate([[INITIAL.code], rng.uniform(1, 4, (5, 27))])
    return CodeTrace(name, codes, codes[-1].round(),
                     {key: rng.random(6) + 70
                      for key in metrics}, rng.random(6))


def test_groups_hold_every_number_once():
    genes = [gene for group in code_groups() for gene in group.genes]
    assert sorted(genes) == list(range(27))
    for group in code_groups():
        assert len(group.genes) == len(group.labels) == len(group.colours)


def test_lines_are_the_trace_and_dots_the_network(tmp_path):
    traces = [trace(), trace('winner-takes-all', 1)]
    path = tmp_path / 'trace.svg'
    figure = draw_code_traces(traces, path=path, title='seg', below='λ')
    assert path.stat().st_size
    drawn = gids(figure)
    for i, one in enumerate(traces):
        for gene in range(27):
            line, dot = (
                drawn[f'{what}/{gene}'][i] for what in ('gene', 'final'))
            assert np.array_equal(line.get_ydata(), one.codes[:, gene])
            assert dot.get_xydata().tolist() == [[5, one.final[gene]]]
        for what, values in (('metric', one.metrics['mIoU']), ('cost',
                                                               one.cost)):
            assert np.array_equal(drawn[what][i].get_ydata(), values)
    left, right = figure.axes[:10], figure.axes[10:]
    for one, other in zip(left, right):  # scales can be compared
        assert one.get_ylim() == other.get_ylim()
    titles = [axes.get_title('left') for axes in left]
    assert titles[0] == 'predicted' and titles[1:9:2] == [
        'blocks', 'channels, stages 1 and 2', 'channels, stage 4',
        'units, stage 3'
    ]
    assert lines_of(left[0].get_legend()) == ['mIoU', 'FLOPs (G)']
    assert left[7].get_xlabel() == 'iteration'
    assert {'continuous', 'winner-takes-all', 'seg', 'λ'} == set(texts(figure))
    assert_nothing_is_cut_off(figure)


def test_metrics_of_several_tasks_are_drawn_as_changes():
    one = trace(metrics=('seg mIoU', 'video top1'))
    figure = draw_code_traces([one], below=90 * 'a long line ')
    for line, values in zip(gid(figure, 'metric'), one.metrics.values()):
        assert np.array_equal(line.get_ydata(), values - values[0])
    assert 'change' in figure.axes[0].get_title('left')
    assert_nothing_is_cut_off(figure)


def test_shapes_of_traces(tmp_path):
    path = tmp_path / 'trace.png'
    with pytest.raises(ValueError, match='traces: expected at least one'):
        draw_code_traces([], path=path)
    good = trace()
    wrong = CodeTrace('a', good.codes, good.final, {'mIoU': np.zeros(3)},
                      good.cost)
    with pytest.raises(ValueError, match=r'traces\[1\].metrics\[mIoU\]: '):
        draw_code_traces([good, wrong], path=path)
    assert not path.exists()


# -- ranks ----------------------------------------------------------------
def measured(num=30, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.random(num)
    return pd.DataFrame({
        'mIoU': values,
        'mAcc': values + 0.1 * rng.random(num),
        'aAcc': values + rng.random(num).round(1)
    })


def test_points_are_ranks_and_the_best_is_first(tmp_path):
    table = measured()
    path = tmp_path / 'ranks.pdf'
    figure = draw_ranks({
        'seg': table,
        'video': table[['mAcc', 'mIoU']]
    },
                        path=path)
    assert path.stat().st_size
    points, = gid(figure, 'ranks/mAcc')
    order = table.mIoU.argmax()
    assert points.get_xdata()[order] == 1
    better = [(table.mAcc > value).sum() + 1 for value in table.mAcc]
    assert points.get_ydata().tolist() == better
    seg, video = figure.axes
    assert lines_of(seg.get_legend()) == [
        f'{name}  ρ = {spearmanr(table.mIoU, table[name])[0]:.3f}'
        for name in ('mAcc', 'aAcc')
    ]
    assert (seg.get_xlabel(), seg.get_ylabel()) == ('rank under mIoU',
                                                    'rank under another '
                                                    'metric')
    assert video.get_ylabel() == 'rank under mIoU'
    assert_nothing_is_cut_off(figure)


def test_steps_come_first_as_a_matrix():
    steps = pd.DataFrame({
        step: 1.0 * np.arange(9) + shift
        for step, shift in ((100, 0), (200, [0, 9] + 7 * [0]))
    })
    figure = draw_ranks({'seg': measured()}, {'top1 by step': steps})
    cell, = gid(figure, 'cell/0/1')
    assert cell.get_text() == f'{spearmanr(steps[100], steps[200])[0]:.3f}'
    assert [t for t in texts(figure)
            if t[:1] == '('] == ['(a)  top1 by step', '(b)  seg']
    assert_nothing_is_cut_off(figure)


def test_tables_of_ranks(tmp_path):
    path = tmp_path / 'ranks.png'
    wide = pd.DataFrame(np.random.rand(4, 6), columns=list('abcdef'))
    for tables, message in [
        ({}, 'tables: expected at least one, got none'),
        ({
            'seg': measured(1)
        }, r'seg: expected at least two networks and two '
         r'columns, got \(1, 3\)'),
        ({
            'seg': wide
        }, 'seg: expected at most 5 metrics, got 6'),
    ]:
        with pytest.raises(ValueError, match=message):
            draw_ranks(tables, path=path)
    assert not path.exists()
