"""Resize the images and label maps of Cityscapes once.

For NCP's setting Seg-4x, which trains on images of 256x512 (appendix A.1).
The paper names no interpolation: area for images, nearest for labels. The
result has Cityscapes' layout and is read by mmseg in the same way.
"""
import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import readable_errors

# and which of OpenCV's interpolations
PATTERNS = {
    'leftImg8bit/{split}/**/*_leftImg8bit.png': 'INTER_AREA',
    'gtFine/{split}/**/*_labelTrainIds.png': 'INTER_NEAREST',
}


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', type=Path, help='such as data/cityscapes')
    parser.add_argument('dst', type=Path, help='folder to make')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(256, 512),
        metavar=('H', 'W'),
        help='height and width in pixels (default: 256 512)')
    parser.add_argument(
        '--splits', nargs='+', default=['train', 'val'], metavar='SPLIT')
    return parser.parse_args()


def resize(source, target, size, interpolation):
    """Write ``source`` to ``target`` in the size ``(height, width)``."""
    import cv2
    image = cv2.imread(str(source), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise OSError(f'expected a PNG image, cannot read {source}')
    target.parent.mkdir(parents=True, exist_ok=True)
    resized = cv2.resize(
        image, size[::-1], interpolation=getattr(cv2, interpolation))
    if not cv2.imwrite(str(target), resized):
        raise OSError(f'cannot write {target}')


def resize_all(src, dst, size, splits):
    """Resize all files of the splits; return how many."""
    if min(size) < 1:
        raise ValueError(f'--size: expected positive numbers, got {size}')
    jobs = []
    for split in splits:
        for pattern, interpolation in PATTERNS.items():
            paths = sorted(src.glob(pattern.format(split=split)))
            if not paths:
                raise FileNotFoundError(
                    f'no file {pattern.format(split=split)} in {src}')
            jobs += [(path, dst / path.relative_to(src), size, interpolation)
                     for path in paths]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda job: resize(*job), jobs))
    return len(jobs)


def main():
    args = parse_args()
    with readable_errors(OSError, ValueError):
        num = resize_all(args.src, args.dst, tuple(args.size), args.splits)
    print(f'{args.dst}: {num} files of {args.size[0]}x{args.size[1]}')


if __name__ == '__main__':
    main()
