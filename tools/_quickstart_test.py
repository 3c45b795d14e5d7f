"""Test exported networks as plain models, each by test.py, in one process.

Most of the time of a process is spent before a small network runs.
"""
import argparse
import runpy
import sys
from pathlib import Path

# Persistent workers of a run that is over take torch 5 s to end: by then the
# collector has closed the queues that would have told them to
IN_THIS_PROCESS = ('test_dataloader.num_workers=0',
                   'test_dataloader.persistent_workers=False')


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'names',
        nargs='+',
        type=Path,
        help='exported networks: NAME.py and NAME.pth; writes '
        'NAME.metrics.json')
    parser.add_argument('--work-dir', type=Path, required=True)
    return parser.parse_args()


def main():
    args = parse_args()
    script = str(Path(__file__).with_name('test.py'))
    for name in args.names:
        sys.argv = [
            script, f'{name}.py', f'{name}.pth', '--work-dir',
            str(args.work_dir / f'test_{name.name}'), '--out',
            f'{name}.metrics.json', '--cfg-options', *IN_THIS_PROCESS
        ]
        runpy.run_path(script, run_name='__main__')


if __name__ == '__main__':
    main()
