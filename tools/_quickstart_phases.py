"""The steps of quickstart.py: commands that are run once and followed."""
import json
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

from _cli import fail, read_config

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / 'tools'
WORK = Path('work_dirs')
MOST = 4  # processes of a search; each holds a supernet
ITERATIONS = ('total_steps', 'T_max', 'begin', 'end', 'interval')
STEP = re.compile(r'(?:Iter\(train\)|Search) +\[ *(\d+)/(\d+)\]')


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
        threads (int): Of each command, unless OMP_NUM_THREADS says it. So
            small a network often gains little from more than one, and waits
            for them whenever the machine has something else to do.
    """

    def __init__(self, folder, metric, threads=1):
        self.threads = threads
        self.folder = folder
        self.running = {}
        self.lock = threading.Lock()
        self.shared = self.stopped = False
        self.shown = re.compile(
            rf'({re.escape(metric)}|loss|eta):? +([0-9.:e+-]+)')
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / 'seconds.json'
        self.seconds = {}
        if self.path.is_file():
            self.seconds = json.loads(self.path.read_text())

    def at_once(self, *steps):
        """Run functions of other steps, two at a time, each with half of the
        threads; returns their results. If one fails, all are ended."""
        self.shared = True
        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(step) for step in steps]
            try:
                for future in wait(futures, None, FIRST_EXCEPTION).done:
                    future.result()
            except BaseException:
                self.stop()
                raise
        self.shared = False
        return [future.result() for future in futures]

    def stop(self):
        """End the commands that run, and start no others."""
        self.stopped = True
        for process in list(self.running.values()):
            process.terminate()

    @property
    def processes(self):
        """How many of one thread each a command that shares its work may
        start."""
        return 1 if self.shared else min(MOST, len(os.sched_getaffinity(0)))

    def run(self, name, script, *args, done=None, processes=1):
        """Run a tool unless the file ``done`` is there."""
        from scalenas_mm._files import write_atomic
        if self.stopped:
            sys.exit(f'quickstart: {name} was not begun')
        if done is not None and Path(done).is_file():
            print(f'== {name}: done before ({done})')
            return
        words = [str(TOOLS / script), *map(str, args)]
        shown = [
            os.path.relpath(word) if word.startswith(str(ROOT)) else word
            for word in words
        ]
        print(f'== {name}\n   python {" ".join(shown)}', flush=True)
        command = [sys.executable, *words]
        if processes > 1:
            command[1:1] = [
                '-m', 'torch.distributed.run', '--standalone',
                '--nproc_per_node', f'{processes}', '--'
            ]
            command += ['--launcher', 'pytorch']
        start = time.time()
        code = self._follow(name, command, processes)
        spent = time.time() - start
        if code or (done is not None and not Path(done).is_file()):
            log = self.folder / f'{name}.log'
            tail = '\n'.join(log.read_text().splitlines()[-12:])
            sys.exit(f'{tail}\nquickstart: {name} failed with code {code}; '
                     f'the whole log is {log}')
        with self.lock:
            self.seconds[name] = self.seconds.get(name, 0) + spent
            write_atomic(self.path, json.dumps(self.seconds, indent=2))
        print(f'   {self._of(name)}{spent:.0f} s', flush=True)

    def _of(self, name):
        """Whose line it is, where that is not plain."""
        return f'{name:<18} ' if self.shared else ''

    def _follow(self, name, command, processes):
        """Write the output to a log, show a line every few seconds."""
        shown = 0.0
        env = dict(os.environ, PYTHONUNBUFFERED='1', PYTHONWARNINGS='ignore')
        env.setdefault(
            'OMP_NUM_THREADS',
            str(max(1, self.threads // max(1 + self.shared, processes))))
        with open(self.folder / f'{name}.log', 'a') as log:
            process = subprocess.Popen(
                command,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True)
            self.running[name] = process
            try:
                if self.stopped:  # before it was among those that run
                    process.terminate()
                for line in process.stdout:
                    log.write(line)
                    log.flush()
                    if STEP.search(line) and time.time() - shown > 5:
                        shown = time.time()
                        print(
                            f'   {self._of(name)}{self._progress(line)}',
                            flush=True)
                return process.wait()
            except BaseException:
                process.terminate()
                process.wait()
                raise
            finally:
                del self.running[name]

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
        *lengths(config, iters),
        *options,
        done=checkpoint)
    return checkpoint


def search(phases, name, supernet, candidates, step='search'):
    """Search; returns the archive."""
    archive, path = WORK / name / 'archive.jsonl', config_path(name)
    finished = archive.is_file() and archive.read_bytes().count(
        b'\n') >= candidates
    first = min(read_config(path).train_cfg.searcher.n0, candidates)
    if finished:
        print(f'== {step}: done before ({archive})')
    else:
        phases.run(
            step,
            'search.py',
            path,
            supernet,
            '--resume',
            '--cfg-options',
            f'train_cfg.searcher.N={candidates}',
            f'train_cfg.searcher.n0={first}',
            processes=phases.processes)
    return archive


def lengths(config, iters):
    """Options that fit all that a config says in iterations to their number:
    loop, schedulers, and when its hooks begin, act and end."""
    found = read_config(config_path(config))
    loop = found.train_cfg
    share = iters / loop.max_iters
    every = max(1, round(share * loop.val_interval))
    many = isinstance(found.param_scheduler, list)
    ramp = (found.model.get('penalty') or {}).get('ramp')
    return [
        f'train_cfg.max_iters={iters}',
        f'train_cfg.val_interval={every}',
        *(f'param_scheduler.{f"{i}." if many else ""}{key}={value}'
          for i, scheduler in enumerate(
              found.param_scheduler if many else [found.param_scheduler])
          for key, value in scaled(scheduler, share)),
        *(f'custom_hooks.{i}.{key}={value}'
          for i, hook in enumerate(found.get('custom_hooks', ()))
          for key, value in scaled(hook, share)),
        *([] if ramp is None else [
            'model.penalty.ramp=[{},{}]'.format(*(round(share * at)
                                                  for at in ramp))
        ]),
    ]


def scaled(settings, share):
    """What a config's entry says in iterations, as shares of another number
    of them."""
    return [(key, max(1, round(share * value)))
            for key, value in settings.items()
            if key in ITERATIONS and isinstance(value, int)]
