"""Make a handful of images of noise in the layout of a public data set.

For trying a config without its data.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import readable_errors

FORMATS = ('coco', 'crowdpose', 'mpii', 'cityscapes', 'ade20k', 'voc', 'kitti',
           'imagenet')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('format', choices=FORMATS, help='whose layout')
    parser.add_argument(
        'out',
        help='folder to make: data_root of the config, such as '
        'data/coco')
    parser.add_argument(
        '--images', type=int, default=2, help='images of a split')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(96, 128),
        metavar=('H', 'W'),
        help='height and width of the images in pixels')
    parser.add_argument('--seed', type=int, default=0, help='random seed')
    return parser.parse_args()


def make(args):
    """Make what the arguments ask for and say so."""
    from scalenas_mm.datasets import make_tiny
    out = make_tiny(args.format, args.out, args.images, tuple(args.size),
                    args.seed)
    files = sum(path.is_file() for path in out.rglob('*'))
    print(f'made a tiny {args.format} of {files} files in {args.out}')


def main():
    args = parse_args()
    with readable_errors(OSError, ValueError, ImportError):
        make(args)


if __name__ == '__main__':
    main()
