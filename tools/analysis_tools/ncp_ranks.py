"""How metrics of the same networks agree (NCP, figure 5).

(a) Rank correlation between steps of the training, where the data hold
curves, as benchmarks made by build_benchmark.py do. (b), (c), ... Rank of
each network under one metric against its rank under the others.
"""
from pathlib import Path

import pandas as pd
from _ncp import figure_file, make_parser, new_console, run

from scalenas_mm.benchmarks import NASBenchMR
from scalenas_mm.benchmarks.archives import archive_files
from scalenas_mm.search import read_archive
from scalenas_mm.visualization import draw_ranks
from scalenas_mm.visualization.ncp_ranks import MOST

COSTS = ('flops', 'params')
COLUMNS = 6  # of the matrix of steps


def parse_args():
    parser = make_parser(__doc__, predictors=False)
    parser.add_argument(
        '--settings',
        nargs='+',
        metavar='NAME',
        help='which settings (default: all that have several metrics)')
    parser.add_argument(
        '--metrics',
        nargs='+',
        metavar='NAME',
        help=f'metrics to compare, at most {MOST}, the first is that of the '
        'horizontal axis (default: the main metric and others that are no '
        'costs)')
    parser.add_argument(
        '--out',
        type=figure_file,
        default='work_dirs/ncp_ranks.png',
        help='picture (.png, .svg, .pdf; default: %(default)s)')
    return parser.parse_args()


def metrics_of(table, wanted):
    """The metrics of a panel, the one of the horizontal axis first."""
    names = [table.main, *table.columns]
    names = wanted or [
        name for name in dict.fromkeys(names) if name.lower() not in COSTS
    ]
    return pd.DataFrame({name: table.column(name) for name in names[:MOST]})


def curve_files(root, setting):
    """Archives that may hold the curves of a setting."""
    root = Path(root)
    places = [root / setting, root / f'{setting}.jsonl']
    if root.is_file() or root.resolve().name == setting:
        places += [root.with_suffix(''), root]
    return [
        file for place in dict.fromkeys(places)
        for file in archive_files(place)
        if file.suffix == '.jsonl' and file.is_file()
    ]


def steps_of(files, metric):
    """The metric of each network (row) after steps that all of them have.

    At most six steps, evenly spread, the last one among them; None if there
    are not two.
    """
    curves = [{
        int(step): value
        for step, value in record.curves[metric]
    } for file in files for record in read_archive(file)
              if record.ok and metric in record.curves]
    frame = pd.DataFrame(curves).dropna(axis=1)
    frame = frame[sorted(frame)]
    if len(frame) < 2 or frame.shape[1] < 2:
        return None
    stride = -(-frame.shape[1] // COLUMNS)
    return frame.iloc[:, ::-1].iloc[:, ::stride].iloc[:, ::-1]


def main(args):
    if len(args.metrics or ()) > MOST:
        raise ValueError(f'--metrics: expected at most {MOST}, got '
                         f'{len(args.metrics)}')
    console = new_console()
    bench = NASBenchMR(args.data)
    tables, steps = {}, {}
    for name in args.settings or bench.settings:
        table = bench.table(name)
        frame = metrics_of(table, args.metrics)
        if frame.shape[1] > 1:
            tables[name] = frame
            print_correlations(console, name, frame)
        else:
            console.print(f'{name}: has one metric only ({table.main})')
        curves = steps_of(curve_files(args.data, name), table.main)
        if curves is not None:
            steps[f'{name}: {table.main} after so many steps'] = curves
    if not steps:
        console.print('(a) is left out: the data hold no training curves')
    draw_ranks(
        tables,
        steps,
        args.out,
        below='rank 1 is the best; ρ is Spearman\'s rank correlation')
    console.print(f'wrote {args.out}')


def print_correlations(console, name, frame):
    main, *others = frame.columns
    values = frame.rank().corr()[main]
    words = [f'{other} {values[other]:.3f}' for other in others]
    console.print(f'{name}: rank correlation of {main} with '
                  f'{", ".join(words)}')


if __name__ == '__main__':
    run(main, parse_args())
