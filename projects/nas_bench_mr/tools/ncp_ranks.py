"""How metrics of the same networks agree (NCP, figure 5).

(a) Rank correlation between steps of the training, where the data hold
curves, as benchmarks made by build_benchmark.py do. (b), (c), ... Rank of
each network under one metric against its rank under the others.
"""
from _command import new_console, run
from nas_bench_mr.options import add_picture, make_parser

MOST = 5  # metrics of a panel


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
    add_picture(parser, 'work_dirs/ncp_ranks.png')
    args = parser.parse_args()
    if len(args.metrics or ()) > MOST:
        parser.error(f'--metrics: expected at most {MOST}, got '
                     f'{len(args.metrics)}')
    return args


def main(args):
    from nas_bench_mr.curves import curve_files, metrics_of, steps_of
    from nas_bench_mr.figures import draw_ranks

    from scalenas_mm.benchmarks import NASBenchMR
    console = new_console()
    bench = NASBenchMR(args.data)
    tables, steps = {}, {}
    for name in args.settings or bench.settings:
        table = bench.table(name)
        frame = metrics_of(table, MOST, args.metrics)
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
