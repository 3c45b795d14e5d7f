"""From nothing to a Pareto front of networks, on built-in data.

Makes the data; ScaleNAS and ViPNAS then train the largest network and the
supernet and search it, HR-NAS does all in one run. Exports three networks and
tests each as a plain model. It can be interrupted at any moment; run again, it
goes on from the last finished step, checkpoint or candidate. Tasks and systems
do not disturb each other, also in the same folder.
"""
import argparse
import contextlib
import importlib
import json
import os
import sys
import threading
import time
import warnings
from functools import partial
from pathlib import Path

from _cli import read_config
from _quickstart_phases import ROOT, WORK, Phases, config_path, search, train
from _quickstart_tasks import SYSTEMS, TASKS


def add_task(parser):
    """Add ``--system``, ``--task`` and ``--folder``."""
    parser.add_argument(
        '--system',
        choices=list(SYSTEMS),
        default='scalenas',
        help='; '.join(f'{key}: {", ".join(tasks)}'
                       for key, tasks in SYSTEMS.items()))
    parser.add_argument(
        '--task',
        choices=list(TASKS),
        help='default: the first one of the system; ' +
        '; '.join(f'{key}: {task.kind}, {task.metric}'
                  for key, task in TASKS.items()))
    parser.add_argument(
        '--folder',
        type=Path,
        default=ROOT,
        help='where data/ and work_dirs/ are made (default: the repository)')


def task_of(parser, args):
    """The task that the arguments name, and the folder of its report."""
    tasks = SYSTEMS[args.system]
    name = args.task or next(iter(tasks))
    if name not in tasks:
        parser.error(f'--system {args.system}: expected --task '
                     f'{" or ".join(tasks)}, got {name}')
    own = '' if args.system == 'scalenas' else f'{args.system}_'
    return tasks[name], WORK / 'quickstart' / f'{own}{name}'


LENGTHS = ('teacher_iters', 'supernet_iters', 'candidates')


def parse_args():
    """Task, folder of its report, and the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_task(parser)
    for name in LENGTHS:
        values = ', '.join(f'{getattr(task, name)} ({system} {key})'
                           for system, tasks in SYSTEMS.items()
                           for key, task in tasks.items()
                           if getattr(task, name))
        parser.add_argument(
            f'--{name.replace("_", "-")}',
            type=int,
            metavar='N',
            help=f'default: {values}')
    args = parser.parse_args()
    task, folder = task_of(parser, args)
    for name in LENGTHS:
        default = getattr(task, name)
        if getattr(args, name) is None:
            setattr(args, name, default)
        elif not default:
            parser.error(f'--{name.replace("_", "-")}: {args.system} has none')
    if args.supernet_iters < 1 or not task.shrinks and args.teacher_iters < 1:
        parser.error('numbers of iterations must be positive')
    if not task.shrinks and args.candidates < 3:
        parser.error(f'--candidates: expected at least 3, got '
                     f'{args.candidates}')
    return task, folder, args


def evolve(phases, task, args):
    """A teacher, its supernet and a search; returns the archive and the
    weights that export reads."""
    teacher = train(phases, 'teacher', task.teacher, args.teacher_iters)
    if not task.baseline:
        return follow(phases, task, args, teacher)
    from _quickstart_video import search_single_frames
    return phases.at_once(*(partial(step, phases, task, args, teacher)
                            for step in (follow, search_single_frames)))[0]


def follow(phases, task, args, teacher):
    """What comes after a teacher."""
    model = read_config(config_path(task.supernet)).model
    begins = [
        'model.architecture.' +
        ('key.' if 'key' in model.architecture else '') +
        f'init_cfg.checkpoint={teacher}'
    ]
    taught_by = model.distillation.teacher
    if taught_by != 'self':
        begins.append(f'model.distillation.teacher.checkpoint={teacher}')
    supernet = train(phases, 'supernet', task.supernet, args.supernet_iters,
                     *begins)
    return search(phases, task.search, supernet, args.candidates), supernet


def shrink(phases, task, args):
    """Train and search in one run; returns the same."""
    train(phases, 'supernet', task.supernet, args.supernet_iters)
    work = WORK / task.supernet
    return work / 'archive.jsonl', work / 'shrunk'


def three_of_the_front(archive, metric):
    """The cheapest, the best and one between them of the Pareto front."""
    from scalenas_mm.search import Objectives, pareto_front, read_archive
    records = [record for record in read_archive(archive) if record.ok]
    values = Objectives({metric: 'max', 'macs': 'min'}).values(records)
    front = sorted((records[i] for i in pareto_front(values)),
                   key=lambda record: record.cost['macs'])
    chosen = {front[0].id, front[len(front) // 2].id, front[-1].id}
    return front, [record for record in front if record.id in chosen]


def stem(task, archive, record):
    """Path of the files of an exported candidate, without their suffix."""
    return archive.parent / 'exported' / f'{task.backbone}_{record.id:04d}'


def check_exported(task, archive, chosen):
    """Fail unless each exported network has all metrics that the search
    recorded, to the last digit."""
    for record in chosen:
        path = stem(task, archive, record).with_suffix('.metrics.json')
        tested = json.loads(path.read_text())
        for key, value in record.metrics.items():
            if tested.get(key) != value:
                sys.exit(f'quickstart: candidate {record.id}: {key} is '
                         f'{value} in {archive}, the exported network has '
                         f'{tested.get(key)}')
    print(f'== exported = recorded to the last digit: {len(chosen)} networks, '
          f'{len(record.metrics)} metrics each')


def export(phases, task, archive, weights, chosen):
    """Export networks and test each as a plain model."""
    phases.run('export', 'export.py', config_path(task.search), weights,
               '--archive', archive, '--force', '--id',
               *(record.id for record in chosen))
    names = [stem(task, archive, record) for record in chosen]
    phases.run('test', '_quickstart_test.py', *names, '--work-dir',
               phases.folder)
    check_exported(task, archive, chosen)


def import_ahead(scope):
    """What only the report needs takes seconds to import; until then all is
    done by other processes. What fails here fails there, or is not needed, as
    the quickstart is ending."""
    with contextlib.suppress(Exception):
        for name in ('scalenas_mm.registry', f'{scope}.models',
                     f'{scope}.datasets', 'scalenas_mm.visualization'):
            importlib.import_module(name)


def main():
    task, folder, args = parse_args()
    warnings.filterwarnings('ignore')  # of task libraries, about themselves
    place = args.folder.resolve()
    place.mkdir(parents=True, exist_ok=True)
    os.chdir(place)
    start = time.time()
    phases = Phases(folder, task.metric, task.threads)
    scope = read_config(config_path(task.search)).default_scope
    # no daemon: an interpreter that ends amid an import may crash
    threading.Thread(target=import_ahead, args=(scope, )).start()
    phases.run(
        'data',
        'dataset_converters/make_demo.py',
        task.data,
        *([] if task.kind == 'digits' else ['--kind', task.kind]),
        done=Path(task.data) / 'demo.json')
    find = shrink if task.shrinks else evolve
    archive, weights = find(phases, task, args)
    front, chosen = three_of_the_front(archive, task.metric)
    export(phases, task, archive, weights, chosen)
    from quickstart_report import report
    more = []
    if task.baseline:
        from _quickstart_video import after_search
        more = after_search(phases, task, chosen,
                            stem(task, archive, chosen[-1]))
    report(task, phases, archive, front, chosen, more)
    print(f'== all done in {time.time() - start:.0f} s')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit('\nquickstart: interrupted; run it again to go on')
