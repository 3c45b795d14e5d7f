"""Write the annotation files of ImageNet-C-N: C classes, N images of each.

NCP (appendix A.1) trains on such subsets and does not say which classes and
images they hold. Here the classes are the first C in the order of their
WordNet ids, so that their labels are ImageNet's, and the images are drawn at
random: the same seed draws the same ones, and a larger N adds to them. A class
that has fewer images gives all. Validation files hold all images of the
classes. Nothing is copied.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import readable_errors

NUM_CLASSES = 1000
SUFFIXES = {'.jpeg', '.jpg', '.png'}


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'root',
        type=Path,
        help='folder with train/ and val/, as mmpretrain '
        'expects it')
    parser.add_argument(
        '--classes', type=int, default=50, help='number of classes')
    parser.add_argument(
        '--images', type=int, default=1000, help='training images of a class')
    parser.add_argument('--seed', type=int, default=0, help='random seed')
    parser.add_argument(
        '--out', type=Path, help='where to write (default: ROOT/meta)')
    return parser.parse_args()


def class_folders(folder):
    """Names of the classes of a split, in the order of their labels."""
    if not folder.is_dir():
        raise FileNotFoundError(f'folder not found: {folder}')
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def images_of(folder):
    """Sorted names of the images in a folder."""
    return sorted(path.name for path in folder.iterdir()
                  if path.suffix.lower() in SUFFIXES)


def first_classes(train, num):
    """The first ``num`` classes of the training images."""
    classes = class_folders(train)
    if not 0 < num <= len(classes):
        raise ValueError(f'--classes: expected 1 to {len(classes)}, the '
                         f'folders in {train}, got {num}')
    return classes[:num]


def train_lines(train, classes, num, seed):
    """Lines ``class/image label`` of the training file."""
    import numpy as np
    if num < 1:
        raise ValueError(f'--images: expected at least 1, got {num}')
    for label, name in enumerate(classes):
        images = images_of(train / name)
        order = np.random.default_rng([seed, label]).permutation(len(images))
        yield from (f'{name}/{images[i]} {label}' for i in sorted(order[:num]))


def val_lines(root, classes):
    """Lines of the validation file, from folders or from ``meta/val.txt``."""
    names = class_folders(root / 'val')
    if names:
        for label, name in enumerate(classes):
            for image in images_of(root / 'val' / name):
                yield f'{name}/{image} {label}'
        return
    num = len(class_folders(root / 'train'))
    if num != NUM_CLASSES:  # labels would not be those of the file
        raise ValueError(
            f'val/: expected folders of classes, because train/ has {num} and '
            f'not all {NUM_CLASSES}; got no folder')
    path = root / 'meta' / 'val.txt'
    for line in path.read_text().splitlines():
        image, _, label = line.rpartition(' ')
        if not image or not label.isdigit():
            raise ValueError(f'{path}: expected lines "image label", got '
                             f'{line!r}')
        if int(label) < len(classes):
            yield line


def write(path, lines):
    """Write the lines and say how many."""
    lines = list(lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(f'{line}\n' for line in lines))
    print(f'{path}: {len(lines)} images')


def main():
    args = parse_args()
    out = args.out or args.root / 'meta'
    train = args.root / 'train'
    with readable_errors(OSError, ValueError):
        classes = first_classes(train, args.classes)
        write(out / f'train_{args.classes}_{args.images}.txt',
              train_lines(train, classes, args.images, args.seed))
        write(out / f'val_{args.classes}.txt', val_lines(args.root, classes))


if __name__ == '__main__':
    main()
