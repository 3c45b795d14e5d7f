"""From nothing to a Pareto front of sub-networks, on built-in data.

Makes the data, trains a teacher and the supernet, searches it, exports three
sub-networks and tests each as a plain model. It can be interrupted at any
moment; run again, it goes on from the last finished step, checkpoint or
candidate. Tasks do not disturb each other, also in the same folder.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time
import warnings
from pathlib import Path

from _cli import fail, read_config
from _quickstart_tasks import TASKS

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / 'tools'
WORK = Path('work_dirs')
STEP = re.compile(r'(?:Iter\(train\)|Search) +\[ *(\d+)/(\d+)\]')


def add_task(parser):
    """Add ``--task`` and ``--folder``."""
    parser.add_argument(
        '--task',
        choices=list(TASKS),
        default='seg',
        help='; '.join(f'{key}: {task.kind}, {task.metric}'
                       for key, task in TASKS.items()))
    parser.add_argument(
        '--folder',
        type=Path,
        default=ROOT,
        help='where data/ and work_dirs/ are made (default: the repository)')


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    add_task(parser)
    for name in ('teacher_iters', 'supernet_iters', 'candidates'):
        values = ', '.join(f'{getattr(task, name)} ({key})'
                           for key, task in TASKS.items())
        parser.add_argument(
            f'--{name.replace("_", "-")}',
            type=int,
            metavar='N',
            help=f'default: {values}')
    args = parser.parse_args()
    task = TASKS[args.task]
    for name in ('teacher_iters', 'supernet_iters', 'candidates'):
        if getattr(args, name) is None:
            setattr(args, name, getattr(task, name))
    if min(args.teacher_iters, args.supernet_iters) < 1:
        parser.error('numbers of iterations must be positive')
    if args.candidates < 3:
        parser.error(f'--candidates: expected at least 3, got '
                     f'{args.candidates}')
    return args


def config_path(name):
    """The shipped config of a name, wherever it is."""
    found = sorted((ROOT / 'configs').rglob(f'{name}.py'))
    if not found:
        fail(f'there is no config {name}.py in {ROOT / "configs"}')
    return found[0]


class Phases:
    """Runs the steps as commands, each once, and shows how far they are.

    Args:
        folder (Path): For logs, times and the report.
        metric (str): The metric to show of a line of a log.
    """

    def __init__(self, folder, metric):
        self.folder = folder
        self.shown = re.compile(
            rf'({re.escape(metric)}|loss|eta):? +([0-9.:e+-]+)')
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / 'seconds.json'
        self.seconds = {}
        if self.path.is_file():
            self.seconds = json.loads(self.path.read_text())

    def run(self, name, script, *args, done=None):
        """Run a tool unless the file ``done`` is there."""
        from scalenas_mm._files import write_atomic
        if done is not None and Path(done).is_file():
            print(f'== {name}: done before ({done})')
            return
        words = [str(TOOLS / script), *map(str, args)]
        shown = [
            os.path.relpath(word) if word.startswith(str(ROOT)) else word
            for word in words
        ]
        print(f'== {name}\n   python {" ".join(shown)}', flush=True)
        start = time.time()
        code = self._follow(name, [sys.executable, *words])
        spent = time.time() - start
        if code or (done is not None and not Path(done).is_file()):
            log = self.folder / f'{name}.log'
            tail = '\n'.join(log.read_text().splitlines()[-12:])
            sys.exit(f'{tail}\nquickstart: {name} failed with code {code}; '
                     f'the whole log is {log}')
        self.seconds[name] = self.seconds.get(name, 0) + spent
        write_atomic(self.path, json.dumps(self.seconds, indent=2))
        print(f'   {spent:.0f} s', flush=True)

    def _follow(self, name, command):
        """Write the output to a log, show a line every few seconds."""
        shown = 0.0
        env = dict(os.environ, PYTHONUNBUFFERED='1', PYTHONWARNINGS='ignore')
        # so small a network gains little from more threads, and waits for
        # them whenever the machine has something else to do
        env.setdefault('OMP_NUM_THREADS', '1')
        with open(self.folder / f'{name}.log', 'a') as log:
            process = subprocess.Popen(
                command,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True)
            try:
                for line in process.stdout:
                    log.write(line)
                    log.flush()
                    if STEP.search(line) and time.time() - shown > 5:
                        shown = time.time()
                        print('   ' + self._progress(line), flush=True)
                return process.wait()
            except BaseException:
                process.terminate()
                process.wait()
                raise

    def _progress(self, line):
        """A bar and the most interesting numbers of a line of a log."""
        done, total = map(int, STEP.search(line).groups())
        filled = round(24 * done / total)
        values = '  '.join(f'{key} {value}'
                           for key, value in self.shown.findall(line))
        return f'{"#" * filled:-<24} {done}/{total}  {values}'


def train(phases, name, config, iters, *options):
    """Train with a demo config; returns the checkpoint."""
    work = WORK / config
    checkpoint = work / f'iter_{iters}.pth'
    resume = ['--resume'] if (work / 'last_checkpoint').is_file() else []
    phases.run(
        name,
        'train.py',
        config_path(config),
        *resume,
        '--cfg-options',
        f'train_cfg.max_iters={iters}',
        f'train_cfg.val_interval={iters}',
        *schedule(config, iters),
        *options,
        done=checkpoint)
    return checkpoint


def schedule(config, iters):
    """Options that fit a config's schedulers to a number of iterations."""
    found = read_config(config_path(config)).param_scheduler
    many = isinstance(found, list)
    return [
        f'param_scheduler.{f"{i}." if many else ""}total_steps={iters}'
        for i, scheduler in enumerate(found if many else [found])
        if 'total_steps' in scheduler
    ]


def search(phases, name, supernet, candidates):
    """Search; returns the archive."""
    archive, path = WORK / name / 'archive.jsonl', config_path(name)
    finished = archive.is_file() and archive.read_bytes().count(
        b'\n') >= candidates
    first = min(read_config(path).train_cfg.searcher.n0, candidates)
    if finished:
        print(f'== search: done before ({archive})')
    else:
        phases.run('search', 'search.py', path, supernet, '--resume',
                   '--cfg-options', f'train_cfg.searcher.N={candidates}',
                   f'train_cfg.searcher.n0={first}')
    return archive


def three_of_the_front(archive, metric):
    """The cheapest, the best and one between them of the Pareto front."""
    from scalenas_mm.search import Objectives, pareto_front, read_archive
    records = [record for record in read_archive(archive) if record.ok]
    values = Objectives({metric: 'max', 'macs': 'min'}).values(records)
    front = sorted((records[i] for i in pareto_front(values)),
                   key=lambda record: record.cost['macs'])
    chosen = {front[0].id, front[len(front) // 2].id, front[-1].id}
    return front, [record for record in front if record.id in chosen]


def stem(archive, record):
    """Path of the files of an exported candidate, without their suffix."""
    return archive.parent / 'exported' / f'scalenet_{record.id:04d}'


def check_exported(archive, chosen):
    """Fail unless each exported network has all metrics that the search
    recorded, to the last digit."""
    for record in chosen:
        path = stem(archive, record).with_suffix('.metrics.json')
        tested = json.loads(path.read_text())
        for key, value in record.metrics.items():
            if tested.get(key) != value:
                sys.exit(f'quickstart: candidate {record.id}: {key} is '
                         f'{value} in {archive}, the exported network has '
                         f'{tested.get(key)}')
    print(f'== exported = recorded to the last digit: {len(chosen)} networks, '
          f'{len(record.metrics)} metrics each')


def main():
    args = parse_args()
    warnings.filterwarnings('ignore')  # of task libraries, about themselves
    task = TASKS[args.task]
    folder = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    start = time.time()
    phases = Phases(WORK / 'quickstart' / args.task, task.metric)
    phases.run(
        'data',
        'dataset_converters/make_demo.py',
        task.data,
        *([] if task.kind == 'digits' else ['--kind', task.kind]),
        done=Path(task.data) / 'demo.json')
    teacher = train(phases, 'teacher', task.teacher, args.teacher_iters)
    supernet = train(phases, 'supernet', task.supernet, args.supernet_iters,
                     f'model.architecture.init_cfg.checkpoint={teacher}',
                     f'model.distillation.teacher.checkpoint={teacher}')
    archive = search(phases, task.search, supernet, args.candidates)
    front, chosen = three_of_the_front(archive, task.metric)
    phases.run('export', 'export.py', config_path(task.search), supernet,
               '--archive', archive, '--force', '--id',
               *(record.id for record in chosen))
    for record in chosen:
        name = stem(archive, record)
        phases.run(f'test_{record.id}', 'test.py', f'{name}.py', f'{name}.pth',
                   '--work-dir', phases.folder, '--out',
                   f'{name}.metrics.json')
    check_exported(archive, chosen)
    from quickstart_report import report
    report(task, phases, archive, front, chosen)
    print(f'== all done in {time.time() - start:.0f} s')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit('\nquickstart: interrupted; run it again to go on')
