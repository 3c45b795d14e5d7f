"""Rank correlation between the settings of a benchmark (NCP, figure 4).

Spearman's correlation of the main metrics, over the architectures that were
measured in all of the settings.
"""
from pathlib import Path

from _command import new_console, run
from nas_bench_mr.options import add_picture, make_parser


def parse_args():
    parser = make_parser(__doc__, predictors=False)
    parser.add_argument(
        '--settings',
        nargs='+',
        metavar='NAME',
        help='which settings (default: those of the paper that are here, or '
        'all)')
    add_picture(
        parser,
        more='; the numbers go to <its name>_spearman.csv beside it, so not '
        'into the folder of DATA')
    return parser.parse_args()


def as_table(values):
    """The matrix for a terminal."""
    from rich import box
    from rich.table import Table
    table = Table(box=box.SIMPLE, title="Spearman's rank correlation")
    table.add_column('')
    for name in values:
        table.add_column(name, justify='right')
    for name, row in values.iterrows():
        table.add_row(name, *(f'{value:.3f}' for value in row))
    return table


def numbers_file(picture, data):
    """The CSV file of the numbers.

    Raises:
        ValueError: It would lie among the tables, and be taken for one.
    """
    folder = data if data.is_dir() else data.parent
    if picture.parent.resolve() == folder.resolve():
        raise ValueError(f'--out: expected a file outside {folder}, where the '
                         f'tables are, got {picture}')
    return picture.with_name(f'{picture.stem}_spearman.csv')


def main(args):
    from nas_bench_mr.figures import draw_matrix

    from scalenas_mm._files import whole_file
    from scalenas_mm.benchmarks import PAPER, NASBenchMR
    console = new_console()
    numbers = args.out and numbers_file(args.out, Path(args.data))
    bench = NASBenchMR(args.data)
    values = bench.spearman(args.settings)
    console.print(as_table(values))
    missing = [name for name in PAPER if name not in bench.settings]
    if missing and len(missing) < len(PAPER):
        console.print(f'not in the data: {", ".join(missing)}')
    if args.out:
        draw_matrix(
            values,
            args.out,
            title="Spearman's rank correlation of the settings",
            below='main metrics of the same '
            f'{num_common(bench, list(values))} architectures')
        with whole_file(numbers) as part:
            values.to_csv(part)
        console.print(f'wrote {args.out} and {numbers}', soft_wrap=True)


def num_common(bench, settings):
    """How many architectures all settings measured."""
    codes = [
        set(map(tuple,
                bench.table(name).codes.tolist())) for name in settings
    ]
    return len(set.intersection(*codes))


if __name__ == '__main__':
    run(main, parse_args())
