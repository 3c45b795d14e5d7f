"""Make a demo data set of videos of people that move, no download.

People with 17 keypoints and tracks, in PoseTrack18's files; some videos are
stored as films with boxes as well.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import readable_errors
from make_demo import make


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'out', help='folder to make, such as data/scalenas_demo_videos')
    parser.add_argument(
        '--train', type=int, help='training videos (default: 60)')
    parser.add_argument(
        '--val', type=int, help='validation videos (default: 16)')
    parser.add_argument(
        '--frames', type=int, help='frames of a video (default: 16)')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='height and width of the images in pixels, even (default: 192 '
        '256)')
    parser.add_argument('--seed', type=int, help='random seed (default: 0)')
    parser.add_argument(
        '--force',
        action='store_true',
        help='replace a demo data set made with other parameters; '
        'move anything else in OUT to OUT.old')
    parser.set_defaults(kind='videos')
    return parser.parse_args()


def main():
    args = parse_args()
    with readable_errors(OSError, ValueError, ImportError):
        make(args)


if __name__ == '__main__':
    main()
