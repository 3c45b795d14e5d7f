"""Make a demo data set on photographs, no download.

digits       segmentation of handwritten digits, in Cityscapes' layout
digits-coco  boxes and masks of handwritten digits, in COCO's format
figures      people with 17 keypoints, in COCO's format
videos       people with keypoints and tracks, in PoseTrack18's files;
             make_video_demo.py has more options
"""
import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import readable_errors

# Parameters of data sets that a tool may have as options
FIELDS = ('train', 'val', 'frames', 'size', 'seed')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'out', help='folder to make, such as '
        'data/scalenas_demo')
    parser.add_argument(
        '--kind',
        choices=('digits', 'digits-coco', 'figures', 'videos'),
        default='digits',
        help='what it shows (default: digits)')
    parser.add_argument(
        '--train',
        type=int,
        help='training images (default: 1000), or videos (default: 60)')
    parser.add_argument(
        '--val',
        type=int,
        help='validation images (default: 128 of digits, else 160), or '
        'videos (default: 16)')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='height and width of the images in pixels (default: 96 96 of '
        'digits, 320 320 of digits-coco, 256 256 of figures, 192 256 of '
        'videos)')
    parser.add_argument('--seed', type=int, help='random seed (default: 0)')
    parser.add_argument(
        '--force',
        action='store_true',
        help='replace a demo data set made with other parameters; '
        'move anything else in OUT to OUT.old')
    return parser.parse_args()


class Progress:
    """Says every few seconds how far a long run is."""

    def __init__(self, what='images', seconds=10.):
        self.what = what
        self.seconds = seconds
        self.first = self.last = None

    def __call__(self, number, total):
        now = time.time()
        if self.first is None:
            # what comes before the first of them does not repeat
            self.first = self.last = now
        if now - self.last < self.seconds or number == total:
            return
        self.last = now
        left = (now - self.first) * (total - number) / (number - 1)
        print(
            f'{number} of {total} {self.what}, about {left:.0f} s left',
            flush=True)


def make(args):
    """Make what the arguments ask for and say so.

    Args:
        args (argparse.Namespace): ``out``, ``kind``, ``size``, ``force`` and
            any other of the FIELDS; None leaves the default.
    """
    from dataclasses import replace

    from scalenas_mm.datasets import KINDS, make_demo
    given = {name: getattr(args, name, None) for name in FIELDS}
    given['size'] = args.size and tuple(args.size)
    spec = replace(
        KINDS[args.kind].spec, **{
            name: value
            for name, value in given.items() if value is not None
        })
    what = 'videos' if args.kind == 'videos' else 'images'
    start = time.time()
    if not make_demo(args.out, args.kind, spec, args.force, Progress(what)):
        print(f'{args.out} holds this data set already, nothing to do')
        return
    print(f'made {spec.train} training and {spec.val} validation {what} of '
          f'{spec.size[0]} x {spec.size[1]} pixels in {args.out} '
          f'({time.time() - start:.1f} s)')


def main():
    args = parse_args()
    with readable_errors(OSError, ValueError, ImportError):
        make(args)


if __name__ == '__main__':
    main()
