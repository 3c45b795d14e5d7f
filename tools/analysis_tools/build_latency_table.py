"""Measure how long the networks of a space take on this machine.

Times every operator of the space at its real size, then 40 random networks:
10 to fit what a sum of operators leaves out, 30 to see how well it predicts.
Writes a JSON table for latency@NAME as an objective or a limit of a search.
Interrupted, the same command goes on. Takes the config of a supernet or of a
search.
"""
import argparse
import os
import re
import sys
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).resolve().parents[1]),
    str(Path(__file__).resolve().parent)
]
from _cli import (add_cfg_options, add_shape, fail, goes_on, read_config,
                  readable_errors)

SPEARMAN, ERROR = 0.97, 0.07


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--name',
        required=True,
        help='of the machine; the cost is latency@NAME')
    parser.add_argument(
        '--out',
        type=Path,
        help='the table (default: work_dirs/latency/NAME.json)')
    add_shape(parser)
    parser.add_argument('--batch', type=int, default=1, help='images at once')
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    parser.add_argument(
        '--backend', default='torch', help='torch, onnxruntime or openvino')
    parser.add_argument(
        '--threads', type=int, default=1, help='of a CPU (default: 1)')
    parser.add_argument(
        '--precision',
        default='fp32',
        help='fp32; fp16 with torch on cuda; int8 with onnxruntime')
    parser.add_argument(
        '--rounds',
        type=int,
        default=30,
        help='how often everything is timed (default: 30)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--force', action='store_true', help='overwrite a finished table')
    add_cfg_options(parser)
    args = parser.parse_args()
    if not re.fullmatch(r'[A-Za-z0-9][\w.+-]*', args.name):  # as the table
        parser.error('--name: expected letters, digits, ., +, - and _, got '
                     f'{args.name!r}')
    for key in ('batch', 'threads', 'rounds'):
        if getattr(args, key) < 1:
            parser.error(f'--{key}: expected at least 1, got '
                         f'{getattr(args, key)}')
    if args.threads > os.cpu_count():
        parser.error(f'--threads: expected at most {os.cpu_count()}, got '
                     f'{args.threads}')
    if args.seed < 0:
        parser.error(f'--seed: expected at least 0, got {args.seed}')
    args.out = args.out or Path('work_dirs/latency', f'{args.name}.json')
    if os.path.isdir(args.out):
        parser.error(f'--out: expected a file, {args.out} is a folder')
    return args


def builder(config):
    """What builds a backbone of an architecture, without weights."""
    from scalenas_mm.backbones import searchable_cfg
    from scalenas_mm.registry import MODELS
    cfg = dict(searchable_cfg(config.model))
    for key in ('init', 'init_cfg', 'pretrained'):
        cfg.pop(key, None)
    return lambda arch: MODELS.build(dict(cfg, arch=arch))


def forget_older(path):
    """Remove what was measured for a table that is done."""
    from scalenas_mm.evaluation.latency import unfinished
    part = unfinished(path)
    if (os.path.isfile(path) and os.path.isfile(part)
            and part.stat().st_mtime <= path.stat().st_mtime):
        part.unlink()


def measure(config, args):
    """Build the table behind a bar."""
    from get_flops import build, input_size
    from rich.console import Console
    from rich.progress import (BarColumn, MofNCompleteColumn, Progress,
                               TextColumn, TimeRemainingColumn)

    from scalenas_mm.backbones import find_searchable
    from scalenas_mm.evaluation.latency import (Backend, Task,
                                                backbone_options, build_table)
    if os.path.exists(args.out) and not args.force:
        fail(f'{args.out} exists; --force measures it anew')
    forget_older(args.out)
    backbone = find_searchable(build(config))
    if hasattr(backbone.space, 'num_frames'):
        fail('networks of videos take more than an image: a table of their '
             'single frames (ViPNAS) can be measured')
    task = Task(args.name, backbone.space, builder(config),
                input_size(config, args.shape), args.batch,
                backbone_options(config.model),
                getattr(backbone, 'drop_dead', True), args.seed, args.rounds)
    backend = Backend(args.backend, args.device, args.threads, args.precision)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
               TextColumn('{task.description}'))
    console = Console(width=None if sys.stdout.isatty() else 100)
    with Progress(*columns, console=console) as bar:
        row = bar.add_task('')
        table = build_table(
            task, backend, args.out, lambda done, total, what: bar.update(
                row, completed=done, total=total, description=what[:48]))
        bar.update(row, completed=1, total=1, description='done')
    show(console, table, args.out)


def show(console, table, path):
    """What the table says, and how well it predicts."""
    from rich.table import Table
    shown = Table(title=f'{table.cost}: {table.device}, {table.backend}, '
                  f'{table.precision}, {table.threads} threads, batch '
                  f'{table.batch}, {table.input_size[0]} x '
                  f'{table.input_size[1]}')
    for column in ('operators', 'networks', 'Spearman', 'mean error',
                   'worst error', 'measured, ms'):
        shown.add_column(column, justify='right')
    check = table.check
    times = check['measured_ms']
    shown.add_row(
        str(len(table.data['operators'])), str(check['networks']),
        f'{check["spearman"]:.3f}', f'{check["mean_error"]:.1%}',
        f'{check["worst_error"]:.1%}', f'{min(times):.2f} to {max(times):.2f}')
    console.print(shown)
    throttled, rounds = (
        sum(row[key] for row in table.data['operators'])
        for key in ('throttled', 'rounds'))
    console.print(f'{throttled / rounds:.1%} of the rounds were slow; '
                  'times are divided by how slow')
    if check['spearman'] < SPEARMAN or check['mean_error'] > ERROR:
        console.print(
            f'It predicts worse than a Spearman correlation of {SPEARMAN} '
            f'and a mean error of {ERROR:.0%}: measure on a quiet machine, '
            'or more --rounds.')
    console.print(f'The table is {path}')


def main():
    args = parse_args()
    config = read_config(args.config, args.cfg_options)
    with goes_on(), readable_errors():
        measure(config, args)


if __name__ == '__main__':
    main()
