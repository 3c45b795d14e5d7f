"""Search one space for several tasks, from the archives of their searches.

    joint_search.py propose digits=A.jsonl small=B.jsonl --out archs.jsonl
    joint_search.py front digits=C.jsonl small=D.jsonl --out joint.jsonl

    joint_search.py front seg=A.jsonl pose=B.jsonl --metric seg=mIoU \\
        pose=coco/AP --out joint.jsonl

``propose`` fits a predictor to each archive and follows the sum of their
gradients; the architectures it writes are measured by ``search.py --archs``
with the search config of each task. ``front`` joins what the tasks measured of
the same architectures into one archive and shows its Pareto front;
``export.py --archive joint.jsonl --task NAME`` exports from it for each task.
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
        command.add_argument(
            '--metric',
            nargs='+',
            default=['mIoU'],
            metavar='[NAME=]METRIC',
            help='to raise; of all tasks or of each (default: mIoU)')
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


def metrics_of(args):
    """The metric of each task."""
    names = [name for name, _ in args.archives]
    if len(args.metric) == 1 and '=' not in args.metric[0]:
        return dict.fromkeys(names, args.metric[0])
    given = dict(text.split('=', 1) for text in args.metric if '=' in text)
    if sorted(given) != sorted(names) or len(args.metric) != len(names):
        fail('--metric: expected one for all tasks or NAME=METRIC for each of '
             f'{", ".join(names)}, got {" ".join(args.metric)}')
    return given


def propose(args, metrics):
    """Write architectures; return rows for the table."""
    from scalenas_mm.predictors import joint_costs, propose_jointly
    from scalenas_mm.search import read_tasks
    archives, metas = read_tasks(args.archives)
    limits = {'macs': args.max_macs, 'params': args.max_params}
    first = next(iter(metas.values()))
    found = propose_jointly(
        joint_costs(archives, first, metrics),
        archives,
        metrics,
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


def front(args, metrics):
    """Write the joint archive; return rows of its front."""
    from scalenas_mm.search import (join_archives, joint_front, joint_meta,
                                    read_tasks)
    archives, metas = read_tasks(args.archives)
    joined = join_archives(archives)
    names = [f'{name}.{metrics[name]}' for name in archives]
    objectives = {**dict.fromkeys(names, 'max'), 'macs': 'min'}
    best = joint_front(joined, objectives)
    meta = joint_meta(metas, objectives)
    write(Path(args.out).with_suffix('.meta.json'), [json.dumps(meta)])
    write(args.out, [r.to_json() for r in joined])
    print(f'{len(joined)} architectures measured in all tasks, '
          f'{len(best)} on the front')
    return [(f'{r.id}  {r.digest}', {
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
        table.add_row(digest, *(f'{v:#.4g}' for v in metrics.values()),
                      f"{cost['macs'] / 1e6:.2f}",
                      f"{cost['params'] / 1e6:.3f}")
    Console(width=None if sys.stdout.isatty() else 110).print(table)


def main():
    args = parse_args()
    if Path(args.out).exists() and not args.force:
        fail(f'{args.out} exists; --force overwrites it')
    if args.command == 'propose' and args.num < 1:
        fail(f'--num: expected at least 1, got {args.num}')
    metrics = metrics_of(args)
    with readable_errors():
        if args.command == 'propose':
            show(propose(args, metrics), 'Proposals, predicted metrics')
        else:
            show(front(args, metrics), 'Joint front, measured')
    print(f'written to {args.out}')


if __name__ == '__main__':
    main()
