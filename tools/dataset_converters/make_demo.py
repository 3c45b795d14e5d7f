"""Make the demo segmentation data set: digits on photographs, no download."""
import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import readable_errors


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        'out', help='folder to make, such as '
        'data/scalenas_demo')
    parser.add_argument(
        '--train', type=int, default=1000, help='training images')
    parser.add_argument(
        '--val', type=int, default=128, help='validation images')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(96, 96),
        metavar=('H', 'W'),
        help='height and width of the images in pixels')
    parser.add_argument('--seed', type=int, default=0, help='random seed')
    parser.add_argument(
        '--force',
        action='store_true',
        help='replace a demo data set made with other parameters; '
        'move anything else in OUT to OUT.old')
    return parser.parse_args()


def make(args):
    """Make what the arguments ask for and say so."""
    from scalenas_mm.datasets import DemoDigits, make_demo_digits
    spec = DemoDigits(args.train, args.val, tuple(args.size), args.seed)
    start = time.time()
    if not make_demo_digits(args.out, spec, args.force):
        print(f'{args.out} holds this data set already, nothing to do')
        return
    print(f'made {spec.train} training and {spec.val} validation images of '
          f'{spec.size[0]} x {spec.size[1]} pixels in {args.out} '
          f'({time.time() - start:.1f} s)')


def main():
    args = parse_args()
    with readable_errors(OSError, ValueError, ImportError):
        make(args)


if __name__ == '__main__':
    main()
