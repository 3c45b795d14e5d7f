"""Search one space for several tasks, from the archives of their searches.

    joint_search.py propose digits=A.jsonl small=B.jsonl --out archs.jsonl
    joint_search.py front digits=C.jsonl small=D.jsonl --out joint.jsonl

``propose`` fits a predictor to each archive and follows the sum of their
gradients; the architectures it writes are measured by ``search.py --archs``
with the search config of each task. ``front`` joins what the tasks measured of
the same architectures into one archive and shows its Pareto front.
"""
import argparse
import json
import sys
from pathlib import Path

from _cli import fail, named_file, readable_errors


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
            type=named_file,
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


def write(path, lines):
    """Write a file and the folder that it is in."""
    from scalenas_mm._files import write_atomic
    try:
        write_atomic(path, ''.join(f'{line}\n' for line in lines))
    except OSError as error:
        fail(f'--out: {error}')


def propose(args):
    """Write architectures; return rows for the table."""
    from scalenas_mm.predictors import joint_costs, propose_jointly
    from scalenas_mm.search import read_tasks
    archives, meta = read_tasks(args.archives)
    limits = {'macs': args.max_macs, 'params': args.max_params}
    found = propose_jointly(
        joint_costs(archives, meta, args.metric),
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
    write(args.out, [json.dumps(p.to_dict()) for p in found])
    return [(p.arch.digest, p.predicted, p.cost) for p in found]


def front(args):
    """Write the joint archive; return rows of its front."""
    from scalenas_mm.search import join_archives, joint_front, read_tasks
    archives, _ = read_tasks(args.archives)
    joined = join_archives(archives)
    names = [f'{name}.{args.metric}' for name in archives]
    best = joint_front(joined, names)
    write(args.out, [r.to_json() for r in joined])
    print(f'{len(joined)} architectures measured in all tasks, '
          f'{len(best)} on the front')
    return [(r.digest, {
        name: r.metrics[name]
        for name in names
    }, r.cost) for r in best]


def show(rows, title):
    from rich import box
    from rich.console import Console
    from rich.table import Table
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
    if args.command == 'propose' and args.num < 1:
        fail(f'--num: expected at least 1, got {args.num}')
    with readable_errors():
        if args.command == 'propose':
            show(propose(args), 'Proposals, predicted metrics')
        else:
            show(front(args), 'Joint front, measured')
    print(f'written to {args.out}')


if __name__ == '__main__':
    main()
