"""Convert tables of measured architectures to CSV or Parquet.

SRC is a folder, or one file, of NAS-Bench-MR or of a benchmark of your own:
released pickles (only plain data is read, no code is run), CSV, Parquet, or
archives of searches. Every setting becomes DST/<setting>.csv or .parquet, and
its statistics are printed beside the published ones.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import readable_errors


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', help='folder of tables, or one table')
    parser.add_argument('dst', help='folder to write to')
    parser.add_argument('--format', choices=['csv', 'parquet'], default='csv')
    parser.add_argument(
        '--setting',
        nargs='+',
        metavar='NAME',
        help='convert only these settings (default: all)')
    parser.add_argument(
        '--columns',
        nargs='+',
        metavar='NAME',
        help='which metrics to keep (default: all)')
    parser.add_argument(
        '--force', action='store_true', help='overwrite existing files')
    return parser.parse_args()


def convert(args):
    """Write what the arguments ask for; return the benchmark and names."""
    from scalenas_mm.benchmarks import NASBenchMR
    names = args.setting or NASBenchMR(args.src).settings
    columns = {name: args.columns for name in names} if args.columns else None
    bench = NASBenchMR(args.src, columns)
    paths = [Path(args.dst) / f'{name}.{args.format}' for name in names]
    check_free(Path(args.dst), names, paths, args.force)
    tables = [bench.table(name) for name in names]  # all before any is written
    Path(args.dst).mkdir(parents=True, exist_ok=True)
    for table, path in zip(tables, paths):
        getattr(table, f'to_{args.format}')(path)
    return bench, names


def check_free(folder, names, paths, force):
    """Refuse to overwrite tables, and to put a second one of a setting beside
    another: the folder could not be read then."""
    from scalenas_mm.benchmarks.nas_bench_mr import list_tables
    for path in paths:
        if path.exists() and not force:
            raise FileExistsError(f'{path} exists; --force overwrites it')
    for name, other in list_tables(folder) if folder.is_dir() else []:
        if name in names and other not in paths:
            raise FileExistsError(
                f'{other} is a table of {name}, too, and a folder must hold '
                'one of each setting; remove it, or choose another folder')


def summary(bench, names):
    """Statistics of the main metrics, and the published ones."""
    from rich import box
    from rich.table import Table

    from scalenas_mm.benchmarks import PAPER
    table = Table(title='Main metrics', box=box.SIMPLE)
    table.add_column('setting', no_wrap=True)
    table.add_column('metric')
    for column in ('rows', 'mean', 'std', 'min', 'max', 'paper mean', 'std'):
        table.add_column(column, justify='right')
    for name in names:
        found, paper = bench.statistics(name), PAPER.get(name)
        numbers = [found[key] for key in ('mean', 'std', 'min', 'max')]
        published = [paper.mean, paper.std] if paper else []
        table.add_row(name, bench.main_metric(name), str(found['num']),
                      *(f'{number:.2f}' for number in numbers + published))
    return table


def main():
    args = parse_args()
    with readable_errors(OSError, ValueError):
        bench, names = convert(args)
    from rich.console import Console
    Console().print(summary(bench, names))
    print(f'wrote {len(names)} tables to {args.dst}')


if __name__ == '__main__':
    main()
