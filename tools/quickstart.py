"""From nothing to a Pareto front of sub-networks, on built-in data.

Makes the data, trains a teacher and the supernet, searches it, exports three
sub-networks and tests each as a plain model. It can be interrupted at any
moment; run again, it goes on from the last finished step, checkpoint or
candidate.
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

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / 'tools'
CONFIGS = ROOT / 'configs' / 'scalenas' / 'segmentation'
TEACHER = 'scalenet-w8_fcn_1xb8-800iters_digits-96x96'
SUPERNET = 'scalenet-w8_fcn_supernet_1xb8-800iters_digits-96x96'
SEARCH = 'scalenet-w8_fcn_search_digits-96x96'
DATA = Path('data/scalenas_demo')
WORK = Path('work_dirs')
STEP = re.compile(r'(?:Iter\(train\)|Search) +\[ *(\d+)/(\d+)\]')
SHOWN = re.compile(r'(mIoU|loss|eta):? +([0-9.:e+-]+)')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        '--folder',
        type=Path,
        default=ROOT,
        help='where data/ and work_dirs/ are made')
    parser.add_argument(
        '--teacher-iters', type=int, default=TEACHER_ITERS, metavar='N')
    parser.add_argument(
        '--supernet-iters', type=int, default=SUPERNET_ITERS, metavar='N')
    parser.add_argument(
        '--candidates', type=int, default=CANDIDATES, metavar='N')
    args = parser.parse_args()
    if min(args.teacher_iters, args.supernet_iters) < 1:
        parser.error('numbers of iterations must be positive')
    if args.candidates < 3:
        parser.error(f'--candidates: expected at least 3, got '
                     f'{args.candidates}')
    return args


TEACHER_ITERS, SUPERNET_ITERS, CANDIDATES = 800, 800, 120


class Phases:
    """Runs the steps as commands, each once, and shows how far they are."""

    def __init__(self):
        self.folder = WORK / 'quickstart'
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / 'seconds.json'
        self.seconds = {}
        if self.path.is_file():
            self.seconds = json.loads(self.path.read_text())

    def run(self, name, script, *args, done=None):
        """Run a tool unless the file ``done`` is there."""
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
        self.path.write_text(json.dumps(self.seconds, indent=2))
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
                        print('   ' + progress(line), flush=True)
                return process.wait()
            except BaseException:
                process.terminate()
                process.wait()
                raise


def progress(line):
    """A bar and the most interesting numbers of a line of a log."""
    done, total = map(int, STEP.search(line).groups())
    filled = round(24 * done / total)
    values = '  '.join(f'{key} {value}' for key, value in SHOWN.findall(line))
    return f'{"#" * filled:-<24} {done}/{total}  {values}'


def train(phases, name, config, iters, *options):
    """Train with a demo config; returns the checkpoint."""
    work = WORK / config
    checkpoint = work / f'iter_{iters}.pth'
    resume = ['--resume'] if (work / 'last_checkpoint').is_file() else []
    phases.run(
        name,
        'train.py',
        CONFIGS / f'{config}.py',
        *resume,
        '--cfg-options',
        f'train_cfg.max_iters={iters}',
        f'train_cfg.val_interval={iters}',
        f'param_scheduler.total_steps={iters}',
        *options,
        done=checkpoint)
    return checkpoint


def search(phases, supernet, candidates):
    """Search; returns the archive."""
    archive = WORK / SEARCH / 'archive.jsonl'
    finished = archive.is_file() and archive.read_bytes().count(
        b'\n') >= candidates
    first = min(60, candidates)
    if finished:
        print(f'== search: done before ({archive})')
    else:
        phases.run('search', 'search.py', CONFIGS / f'{SEARCH}.py', supernet,
                   '--resume', '--cfg-options',
                   f'train_cfg.searcher.N={candidates}',
                   f'train_cfg.searcher.n0={first}')
    return archive


def three_of_the_front(archive):
    """The cheapest, the best and one between them of the Pareto front."""
    from scalenas_mm.search import Objectives, pareto_front, read_archive
    records = [record for record in read_archive(archive) if record.ok]
    values = Objectives(dict(mIoU='max', macs='min')).values(records)
    front = sorted((records[i] for i in pareto_front(values)),
                   key=lambda record: record.cost['macs'])
    chosen = {front[0].id, front[len(front) // 2].id, front[-1].id}
    return front, [record for record in front if record.id in chosen]


def main():
    args = parse_args()
    folder = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    start = time.time()
    phases = Phases()
    phases.run(
        'data',
        'dataset_converters/make_demo.py',
        DATA,
        done=DATA / 'demo.json')
    teacher = train(phases, 'teacher', TEACHER, args.teacher_iters)
    supernet = train(phases, 'supernet', SUPERNET, args.supernet_iters,
                     f'model.architecture.init_cfg.checkpoint={teacher}',
                     f'model.distillation.teacher.checkpoint={teacher}')
    archive = search(phases, supernet, args.candidates)
    front, chosen = three_of_the_front(archive)
    exported = archive.parent / 'exported'
    phases.run('export', 'export.py', CONFIGS / f'{SEARCH}.py', supernet,
               '--archive', archive, '--force', '--id',
               *(record.id for record in chosen))
    for record in chosen:
        name = exported / f'scalenet_{record.id:04d}'
        phases.run(f'test_{record.id}', 'test.py', f'{name}.py', f'{name}.pth',
                   '--work-dir', phases.folder, '--out',
                   f'{name}.metrics.json')
    warnings.filterwarnings('ignore')  # of mmseg, about itself
    from quickstart_report import report
    report(phases, archive, front, chosen, exported)
    print(f'== all done in {time.time() - start:.0f} s')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit('\nquickstart: interrupted; run it again to go on')
