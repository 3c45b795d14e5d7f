"""Where the time of a quickstart goes, beside that of an earlier one.

Runs tools/quickstart.sh in a new folder and prints a table of its steps. What
is stored by --out can be the --baseline of another run.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALL = re.compile(r'^\[\d/\d\] (.+?) +(\d+) s +\(total', re.M)


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--cold',
        action='store_true',
        help='into a new virtual environment, without compiled wheels')
    parser.add_argument('--baseline', type=Path, metavar='FILE')
    parser.add_argument('--out', type=Path, metavar='FILE')
    parser.add_argument(
        'options', nargs='*', help='of quickstart.py, behind --')
    return parser.parse_args()


def measure(folder, options, cold):
    """Seconds of each step of installing and running, and of all."""
    env = dict(os.environ)
    if cold:
        env.update(VENV=str(folder / 'venv'), XDG_CACHE_HOME=str(folder))
    command = [
        'bash',
        str(ROOT / 'tools/quickstart.sh'), '--folder',
        str(folder), *options
    ]
    start = time.time()
    done = subprocess.run(
        command, env=env, stdout=subprocess.PIPE, text=True, check=False)
    whole = time.time() - start
    if done.returncode:
        sys.exit(f'{done.stdout[-2000:]}\nquickstart.sh failed')
    steps = {
        f'install: {name}': float(value)
        for name, value in INSTALL.findall(done.stdout)
    }
    found, = folder.glob('work_dirs/quickstart/*/seconds.json')
    steps.update(json.loads(found.read_text()))
    steps['between them'] = whole - sum(steps.values())
    return steps


def show(steps, baseline):
    whole, before = sum(steps.values()), sum(baseline.values())
    print(f'{"step":<48}{"seconds":>8}{"share":>8}' +
          (f'{"before":>8}{"ratio":>8}' if baseline else ''))
    for name, value in [*steps.items(), ('all', whole)]:
        old = before if name == 'all' else baseline.get(name)
        print(f'{name:<48}{value:>8.1f}{value / whole:>8.1%}' +
              (f'{old:>8.1f}{value / old:>8.2f}' if old else ''))


def main():
    args = parse_args()
    baseline = {}
    if args.baseline:
        baseline = json.loads(args.baseline.read_text())
    with tempfile.TemporaryDirectory() as folder:
        steps = measure(Path(folder), args.options, args.cold)
    if args.out:
        args.out.write_text(json.dumps(steps, indent=2) + '\n')
    show(steps, baseline)


if __name__ == '__main__':
    main()
