"""Search one space for several tasks, from the archives of their searches.

    joint_search.py propose digits=A.jsonl small=B.jsonl --out archs.jsonl
    joint_search.py front digits=C.jsonl small=D.jsonl --out joint.jsonl

``propose`` fits a predictor to each archive and follows the sum of their
gradients; the architectures it writes are for ``ListedSearch`` in the search
config of each task. ``front`` joins what the tasks measured of the same
architectures into one archive and shows its Pareto front.
"""
import argparse
import json
import sys
from pathlib import Path

from _cli import fail, readable_errors
from rich import box
from rich.console import Console
from rich.table import Table

from scalenas_mm._files import write_atomic
from scalenas_mm.benchmarks import space_from_dict
from scalenas_mm.predictors import propose_jointly
from scalenas_mm.search import (Objectives, join_archives, pareto_front,
                                read_archive, read_meta)
from scalenas_mm.spaces import ArchError, Complexity, CostModel

# whose differences are the cost of what is not backbone
COSTS = ('params', 'macs', 'backbone_params', 'backbone_macs')


def task_archive(text):
    """A ``NAME=FILE`` argument."""
    name, sign, path = text.partition('=')
    if not (name and sign and path):
        raise argparse.ArgumentTypeError(f'expected NAME=FILE, got {text!r}')
    return name, path


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    for name in ('propose', 'front'):
        command = commands.add_parser(name)
        command.add_argument(
            'archives',
            nargs='+',
            type=task_archive,
            metavar='NAME=ARCHIVE',
            help='a name for the task and the archive of its search')
        command.add_argument('--metric', default='mIoU', help='default: mIoU')
        command.add_argument('--out', required=True, metavar='FILE')
        command.add_argument(
            '--force', action='store_true', help='overwrite FILE')
        if name == 'propose':
            command.add_argument(
                '--num',
                type=int,
                default=20,
                help='how many architectures (default: 20)')
            command.add_argument('--max-macs', type=float)
            command.add_argument('--max-params', type=float)
            command.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def read_all(pairs):
    """Archives and their common space.

    Raises:
        ArchError: Names are equal, or spaces are unknown or differ.
    """
    archives = {name: read_archive(path) for name, path in pairs}
    if len(archives) < 2 or len(archives) != len(pairs):
        raise ArchError('archives', 'two or more, of different names',
                        [name for name, _ in pairs])
    metas = {name: read_meta(path) for name, path in pairs}
    first, meta = next(iter(metas.items()))
    for name, other in metas.items():
        require(other, ['space'], f'{name}: .meta.json')
        if other['space'] != meta['space']:
            raise ArchError(f'{name}: space', f'that of {first}',
                            other['space'])
    return archives, meta


def require(values, keys, where):
    """Raise ArchError, which names what is missing, unless all are there."""
    for key in keys:
        if key not in values:
            raise ArchError(where, key, ', '.join(values) or 'none')


def check_measured(archives, metric):
    """Raise ArchError if a predictor of the metric cannot be fitted."""
    for name, records in archives.items():
        good = [r for r in records if r.ok]
        if len(good) < 2:
            raise ArchError(name, 'at least two measured candidates',
                            f'{len(good)} among {len(records)}')
        for record in good:
            require(record.metrics, [metric],
                    f'{name}: metrics of candidate {record.id}')
            require(record.cost, COSTS,
                    f'{name}: costs of candidate {record.id}')


def costs_of(archives, meta):
    """Costs of whole models: what is not backbone is the same for all.

    Of the first archive; all candidates that did not fail have costs.
    """
    name, records = next(iter(archives.items()))
    where = f'{name}: .meta.json (of the archive of a search)'
    require(meta, ['evaluation'], where)
    require(meta['evaluation'], ['input_size'], f'{where}: evaluation')
    cost = next(r.cost for r in records if r.ok)
    rest = Complexity(cost['params'] - cost['backbone_params'],
                      cost['macs'] - cost['backbone_macs'])
    return CostModel(
        space_from_dict(meta['space']),
        tuple(meta['evaluation']['input_size']), rest)


def write(path, text):
    """Write a file and the folder that it is in."""
    try:
        write_atomic(path, text)
    except OSError as error:
        fail(f'--out: {error}')


def propose(args):
    """Write architectures; return rows for the table."""
    if args.num < 1:
        raise ArchError('--num', 'at least 1', args.num)
    archives, meta = read_all(args.archives)
    check_measured(archives, args.metric)
    limits = {'macs': args.max_macs, 'params': args.max_params}
    found = propose_jointly(
        costs_of(archives, meta),
        archives,
        args.metric,
        args.num,
        limits={
            k: v
            for k, v in limits.items() if v is not None
        },
        seed=args.seed)
    if not found:
        fail('propagation met no new architecture')
    lines = [
        json.dumps(
            dict(
                digest=p.arch.digest,
                arch=p.arch.to_dict(),
                predicted=p.predicted,
                cost=p.cost)) for p in found
    ]
    write(args.out, '\n'.join(lines) + '\n')
    return [(p.arch.digest, p.predicted, p.cost) for p in found]


def front(args):
    """Write the joint archive; return rows of its front."""
    archives, _ = read_all(args.archives)
    joined = join_archives(archives)
    names = [f'{name}.{args.metric}' for name in archives]
    objectives = Objectives({
        **dict.fromkeys(names, 'max'), 'macs': 'min'
    }, ['macs'])
    for record in joined:
        objectives.check(record.metrics)
    write(args.out, ''.join(r.to_json() + '\n' for r in joined))
    best = [joined[i] for i in pareto_front(objectives.values(joined))]
    print(f'{len(joined)} architectures measured in all tasks, '
          f'{len(best)} on the front')
    return [(r.digest, {
        name: r.metrics[name]
        for name in names
    }, r.cost) for r in best]


def show(rows, title):
    table = Table(title=title, box=box.SIMPLE)
    table.add_column('architecture')
    for name in (*rows[0][1], 'MACs (M)', 'params (M)'):
        table.add_column(name, justify='right')
    for digest, metrics, cost in sorted(rows, key=lambda row: row[2]['macs']):
        table.add_row(digest, *(f'{v:.2f}' for v in metrics.values()),
                      f"{cost['macs'] / 1e6:.2f}",
                      f"{cost['params'] / 1e6:.3f}")
    Console(width=None if sys.stdout.isatty() else 110).print(table)


def main():
    args = parse_args()
    if Path(args.out).exists() and not args.force:
        fail(f'{args.out} exists; --force overwrites it')
    with readable_errors():
        if args.command == 'propose':
            show(propose(args), 'Proposals, predicted metrics')
        else:
            show(front(args), 'Joint front, measured')
    print(f'written to {args.out}')


if __name__ == '__main__':
    main()
