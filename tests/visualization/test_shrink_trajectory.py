"""Plots of networks that shrink while they train."""
import numpy as np
import pandas as pd
import pytest

from scalenas_mm.search import Record
from scalenas_mm.spaces import CostModel, HRNASSpace
from scalenas_mm.visualization import load_records, plot_trajectory
from scalenas_mm.visualization.pareto_data import as_table

SPACE = HRNASSpace((4, 4), ((1, ), (1, 1)), ((4, ), (4, 8)),
                   expansion=2,
                   tokens=4,
                   head_channels=(8, ))
COSTS = CostModel(SPACE, (64, 64))


def records_of(space=SPACE, num=4, **changes):
    """Each with fewer channels and tokens than the one before."""
    genes, out = space.encode(space.max_arch()), []
    for i in range(num):
        arch = space.decode(genes // (i + 1))
        out.append(
            Record(
                i,
                arch.digest,
                arch.to_dict(),
                dict(mIoU=50.0 - i, aAcc=60.0),
                CostModel(space, (64, 64))(arch),
                generation=i,
                **changes))
    return out


def lines(figure, gid):
    found, = (line for line in figure.findobj() if line.get_gid() == gid)
    return found


def tops(figure, kernel):
    """Upper edge of a kernel's area, at each record."""
    path = lines(figure, f'units/{kernel}').get_paths()[0]
    x, y = path.vertices.T
    return [y[np.isclose(x, i)].max() for i in range(4)]


def test_what_is_left_over_the_shrinks():
    records = records_of()
    figure = plot_trajectory(records, None, SPACE)
    macs = [record.cost['macs'] / 1e9 for record in records]
    assert lines(figure, 'cost').get_ydata().tolist() == macs
    assert lines(figure, 'metric').get_ydata().tolist() == [50, 49, 48, 47]
    assert lines(figure, 'tokens').get_ydata().tolist() == [
        sum(record.arch['tokens']) for record in records
    ]
    units = np.array([np.sum(r.arch['channels'], 0) for r in records])
    # a step is as high as the record before it
    assert tops(figure, 7)[0] == units[0].sum()
    assert tops(figure, 3) == [units[max(i - 1, 0)][0] for i in range(4)]
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ['GMACs (model)', 'mIoU', 'units left', 'tokens left']
    assert f'{macs[-1] / macs[0]:.0%} of the first' in figure.texts[1]._text


def test_reads_an_archive(tmp_path):
    path = tmp_path / 'archive.jsonl'
    path.write_text(''.join(r.to_json() + '\n' for r in records_of()))
    target = tmp_path / 'trajectory.png'
    for table in (load_records(path), pd.read_json(path, lines=True)):
        figure = plot_trajectory(
            table, target, SPACE, metric='aAcc', cost='params', budget=1000)
        assert lines(figure, 'metric').get_ydata().tolist() == [60] * 4
        assert target.stat().st_size > 10_000
        target.unlink()


def test_steps_are_iterations_where_all_have_one():
    table = as_table(records_of())
    table['step'] = [100, 200, 250, 900]
    figure = plot_trajectory(table, None, SPACE)
    assert lines(figure, 'cost').get_xdata().tolist() == [100, 200, 250, 900]
    assert figure.axes[-1].get_xlabel() == 'iteration'
    table.loc[1, 'step'] = np.nan
    figure = plot_trajectory(table, None, SPACE)
    assert lines(figure, 'cost').get_xdata().tolist() == [0, 1, 2, 3]


def test_only_what_there_is():
    space = HRNASSpace(tokens=0)
    figure = plot_trajectory(records_of(space, 1, status='ok'), None, space)
    assert [axes.get_ylabel() for axes in figure.axes][-1] == 'units left'
    bare = [
        Record(0, '', SPACE.max_arch().to_dict(), cost=dict(macs=5)),
        Record(1, '', {}, status='failed')
    ]
    figure = plot_trajectory(bare, None)
    assert len(figure.axes) == 1
    with pytest.raises(KeyError, match="cost: expected one of .*'macs'"):
        plot_trajectory(bare, None, cost='latency')
    with pytest.raises(ValueError, match='at least one evaluated'):
        plot_trajectory(bare[1:], None)
    with pytest.raises(KeyError, match='metrics: expected one of'):
        plot_trajectory(bare, None, metric='mIoU')
