"""Make a benchmark of your own: train many architectures, record them all.

Draws architectures from the space of the config's backbone and trains each
one from scratch as the config says:

    WORK_DIR/NAME/rows_RANK.jsonl    metrics, curves and costs, one a line
    WORK_DIR/NAME/NAME.csv           the table, in the format of NAS-Bench-MR
    WORK_DIR/NAME/networks/DIGEST/   the log of each network

A row is on disk before the next network begins; the table follows within
half a minute or so and at the end. Interrupted, go on with --resume, on any
number of processes; each of them trains whole networks.
``scalenas_mm.benchmarks.NASBenchMR(WORK_DIR)`` reads the result.

The config may say ``output_channels_keys``, settings that become the number
of channels of the backbone's output, and ``main_metric``, which comes first.
"""
import argparse
import json
import re
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from _cli import load_config, readable_errors, runner_parser


def at_least(lowest):
    """An argument: a whole number."""

    def convert(text):
        value = int(text)
        if value < lowest:
            raise argparse.ArgumentTypeError(
                f'expected at least {lowest}, got {value}')
        return value

    convert.__name__ = 'int'  # argparse names it
    return convert


def table_name(text):
    """An argument: a name of a folder and a file."""
    if not text.strip('.') or re.search(r'[^\w.-]', text, re.ASCII):
        raise argparse.ArgumentTypeError(
            'expected letters, digits, ".", "_" and "-", and not dots alone, '
            f'got {text!r}')
    return text


def json_object(text):
    """An argument: a JSON object, or a file that holds one."""
    if not text.lstrip().startswith('{') and not Path(text).is_file():
        raise argparse.ArgumentTypeError(
            f'expected a JSON object or a file, got {text!r}')
    source = text if text.lstrip().startswith('{') else Path(text).read_text()
    try:
        return json.loads(source)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f'expected JSON, got {text!r} ({error})') from None


def parse_args():
    parser = runner_parser(__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.set_defaults(work_dir='work_dirs/benchmark')
    add = parser.add_argument
    add('--num',
        type=at_least(1),
        required=True,
        metavar='N',
        help='how many architectures; a larger N goes on where a smaller one '
        'ended')
    add('--space',
        type=json_object,
        metavar='JSON',
        help='narrows the space that is drawn from: a JSON object, such as '
        '\'{"channels": [8, 16]}\', or a file that holds one')
    add('--spread',
        action='store_true',
        help='draw over the whole range of costs, not each choice evenly')
    add('--seed', type=at_least(0), default=0, help='default: 0')
    add('--shape',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='input size in pixels at which costs are counted (default: '
        'input_size or crop_size of the config)')
    add('--name',
        type=table_name,
        help='of the table (default: that of the config)')
    add('--resume', action='store_true', help='go on with what is there')
    add('--retry-failed',
        action='store_true',
        help='resume, and train anew the networks that failed')
    add('--keep-checkpoints',
        action='store_true',
        help='keep the checkpoints that the config asks for')
    return parser.parse_args()


def summary(record):
    """Metrics and cost, or why there are none, in one line."""
    if not record.ok:
        return f'failed: {record.error.strip().splitlines()[0]}'
    values = [f'{key} {value:.4g}' for key, value in record.metrics.items()]
    return '  '.join([
        *values[:4], f"{record.cost['macs'] / 1e9:.4g} GMACs",
        f"{record.cost['params'] / 1e6:.4g} M"
    ])


def train(rows, config, args, label):
    """Train what is missing and show how far it is."""
    from scalenas_mm.engine import train_missing
    todo, start = len(rows.missing(args.retry_failed)), time.time()
    print(
        f'{label}{rows.name}: {args.num} networks, {todo} of them to train '
        'here',
        flush=True)
    for done, (index, record) in enumerate(
            train_missing(rows, config, args.retry_failed,
                          args.keep_checkpoints), 1):
        left = (time.time() - start) / done * (todo - done)
        print(
            f'{label}[{done}/{todo}] network {index} {record.digest}  '
            f'{summary(record)}  {record.seconds:.1f} s  '
            f'eta {timedelta(seconds=round(left))}',
            flush=True)


def write_table(rows, label):
    """Whether there is a table; says why not."""
    from scalenas_mm.benchmarks import BenchmarkError
    try:
        rows.write_table()
    except BenchmarkError as error:
        print(f'{label}no table: {error}')
        return False
    return True


def main():
    args = parse_args()
    config = load_config(args)
    from scalenas_mm.engine import DeviceLost, open_rows
    with readable_errors():
        rows = open_rows(config, args.name or Path(args.config).stem, args.num,
                         args.seed, args.spread, args.space, args.shape,
                         args.launcher, args.resume or args.retry_failed)
    label = f'rank {rows.rank}: ' if rows.world > 1 else ''
    for warning in rows.warnings:
        print(f'{label}warning: {warning}')
    with closing(rows):
        try:
            with readable_errors():
                train(rows, config, args, label)
        except DeviceLost as error:
            sys.exit(f'{label}{error}; go on with --resume')
        finally:  # also if there was nothing to train
            written = write_table(rows, label)
        ok, failed = rows.count()
    print(f'{label}{ok} of {args.num} networks measured, {failed} failed' +
          (f': {rows.table}' if written else ''))
    if failed == args.num:
        sys.exit(f'all networks failed, see {rows.folder}')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit('\ninterrupted; go on with --resume')
