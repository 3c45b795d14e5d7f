"""Kill a search at random moments, resume it, and compare the archives.

Each mode runs the real command: ``single`` tools/search.py, ``ranks``
tools/dist_search.sh with two processes, ``ray`` tools/ray_search.py with two
workers. All processes of a search get SIGKILL at a random moment, a third of
the times before it has measured anything, and the same command with --resume
goes on, until all kills are spent; then it runs to its end. Its archive and
that of its baselines must be those of an undisturbed search, but for
``seconds``. Exits with code 1 if one is not.
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import check_checkpoint, check_config, fail, key_value

TOOLS = Path(__file__).resolve().parents[1]
MODES = ('single', 'ranks', 'ray')
LIMIT = 1800  # seconds that one run may take


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a search that takes minutes')
    parser.add_argument('checkpoint', help='its supernet')
    parser.add_argument('--out', required=True, help='a new folder')
    parser.add_argument(
        '--kills',
        type=int,
        default=20,
        help='how many, spread over the modes (default: 20)')
    parser.add_argument(
        '--modes',
        nargs='+',
        choices=MODES,
        default=MODES,
        help='default: all of them')
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        type=key_value,
        metavar='KEY=VALUE',
        help='settings that override the config')
    return parser.parse_args()


def command(mode, args, folder):
    """The command line of a search."""
    words = dict(
        single=[sys.executable, TOOLS / 'search.py', args.config],
        ranks=['bash', TOOLS / 'dist_search.sh', args.config, '2'],
        ray=[
            sys.executable, TOOLS / 'ray_search.py', args.config, '--workers',
            '2', '--cpus', '0'
        ])[mode]
    options = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
    return [
        str(word)
        for word in (*words, args.checkpoint, '--work-dir', folder, *options)
    ]


def descendants(pid):
    """A process and all that it started, also those in sessions of their
    own."""
    table = subprocess.run(['ps', '-A', '-o', 'pid=,ppid='],
                           capture_output=True,
                           text=True,
                           check=True).stdout
    children = {}
    for line in table.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def kill(process):
    """SIGKILL for all processes of a search; they are stopped first, so that
    none starts another one meanwhile."""
    if process.poll() is not None:
        return
    stopped = set()
    while new := set(descendants(process.pid)) - stopped:
        send(signal.SIGSTOP, new)
        stopped |= new
    send(signal.SIGKILL, stopped)
    process.wait()


def send(number, pids):
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def lines(folder):
    archive = Path(folder, 'archive.jsonl')
    return archive.read_bytes().count(b'\n') if archive.exists() else 0


class Search:
    """A search in a folder of its own, killed again and again.

    Attributes:
        kills: Number of candidates in the archive at each kill.
        seconds: Time that a run takes until its first candidate.
    """

    def __init__(self, mode, args):
        self.mode = mode
        self.folder = Path(args.out, mode)
        self.command = command(mode, args, self.folder)
        self.random = random.Random(f'{args.seed} {mode}')
        self.kills = []
        self.seconds = 20.0

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        env = dict(os.environ, PYTHON=sys.executable)
        with open(self.folder.with_suffix('.log'), 'ab') as log:
            resume = ['--resume'] if self.kills else []
            return subprocess.Popen([*self.command, *resume],
                                    stdout=log,
                                    stderr=log,
                                    env=env,
                                    start_new_session=True)

    def run(self):
        """Let it run to its end."""
        process = self.start()
        try:
            code = process.wait(LIMIT)
        finally:
            kill(process)
        if code:
            fail(f'{self.mode}: exit code {code}; see '
                 f'{self.folder.with_suffix(".log")}')

    def disturb(self, target):
        """Run it and kill it: early, or after it has so many candidates."""
        process = self.start()
        begin, before = time.monotonic(), lines(self.folder)
        early = target <= before
        pause = self.random.uniform(0, self.seconds if early else 0.2)
        while not early and lines(self.folder) < target:
            self._check(process, begin)
            time.sleep(0.002)
            if lines(self.folder) == before:
                self.seconds = time.monotonic() - begin
        time.sleep(pause)
        kill(process)
        self.kills.append(lines(self.folder))

    def _check(self, process, begin):
        if process.poll() is not None or time.monotonic() - begin > LIMIT:
            kill(process)
            fail(f'{self.mode}: ended, or took too long, before it was '
                 f'killed; see {self.folder.with_suffix(".log")}')


def targets(number, most, rng):
    """After how many candidates to kill, ascending; a third of them is not
    above the one before, the first of those 0."""
    early = number // 3
    late = sorted(rng.randrange(1, most) for _ in range(number - early))
    again = [0, *rng.choices([0, *late], k=early)][:early]
    return sorted([*late, *again])


def records(folder, name):
    from scalenas_mm.search import read_archive
    return [
        replace(record, seconds=0.0)
        for record in read_archive(Path(folder, name))
    ]


def differing(folder, expected):
    """What of a search is not as undisturbed."""
    names = ('archive.jsonl', 'archive.baselines.jsonl')
    return [
        name for name in names if Path(expected, name).exists()
        and records(folder, name) != records(expected, name)
    ]


def shares(kills, modes):
    """The kills of each mode."""
    return {
        mode: kills // len(modes) + (i < kills % len(modes))
        for i, mode in enumerate(modes)
    }


def main():
    args = parse_args()
    check_config(args.config)
    check_checkpoint(args.checkpoint)
    if Path(args.out).exists():
        fail(f'--out {args.out}: exists')
    calm = Search('single', args)
    calm.folder = Path(args.out, 'undisturbed')
    calm.command = command('single', args, calm.folder)
    calm.run()
    most = lines(calm.folder)
    print(f'undisturbed: {most} candidates', flush=True)
    wrong = False
    for mode, number in shares(args.kills, args.modes).items():
        search = Search(mode, args)
        for target in targets(number, most, search.random):
            search.disturb(target)
            print(f'{mode}: killed with {search.kills[-1]}', flush=True)
        search.run()
        found = differing(search.folder, calm.folder)
        wrong = wrong or bool(found)
        print(
            f'{mode}: {number} kills, '
            f'{", ".join(found) or "nothing"} differs',
            flush=True)
    sys.exit(int(wrong))


if __name__ == '__main__':
    main()
