"""Turn the videos of HMDB51 into frames and write the lists of a split.

Expects ROOT/videos/CLASS/NAME.avi and, from the official archive of splits,
ROOT/splits/CLASS_test_split1.txt. Writes ROOT/rawframes/CLASS/NAME/00001.jpg,
..., ROOT/train_split_1.txt and ROOT/val_split_1.txt with lines
``CLASS/NAME label``; labels follow the alphabet. Frames that exist are kept.
"""
import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LISTS = {'1': 'train', '2': 'val'}  # 0: in neither


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', type=Path, help='such as data/hmdb51')
    parser.add_argument(
        '--split', type=int, choices=(1, 2, 3), default=1, help='default: 1')
    return parser.parse_args()


def read_split(folder, split):
    """``(list, CLASS/NAME, label)`` of every video in the split."""
    suffix = f'_test_split{split}.txt'
    files = sorted(folder.glob(f'*{suffix}'))
    if not files:
        raise FileNotFoundError(f'no file *{suffix} in {folder}')
    for label, path in enumerate(files):
        name = path.name[:-len(suffix)]
        for line in path.read_text().splitlines():
            video, _, which = line.strip().rpartition(' ')
            if not video or which not in ('0', *LISTS):
                raise ValueError(f'{path}: expected lines "NAME.avi 0", 1 or '
                                 f'2, got {line!r}')
            if which in LISTS:
                yield LISTS[which], f'{name}/{Path(video.strip()).stem}', label


def extract(source, target):
    """Write the frames of a video; return how many there are."""
    import cv2
    if target.is_dir():
        return len(list(target.iterdir()))
    capture = cv2.VideoCapture(str(source))
    partial = target.with_name(target.name + '.part')
    partial.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        number += 1
        cv2.imwrite(str(partial / f'{number:05d}.jpg'), frame)
    if number == 0:
        raise OSError(f'expected a video, cannot read {source}')
    partial.rename(target)  # all frames or none
    return number


def main():
    args = parse_args()
    root = args.root
    try:
        videos = sorted(read_split(root / 'splits', args.split))
        with ThreadPoolExecutor() as pool:
            frames = sum(
                pool.map(
                    lambda video: extract(root / 'videos' / f'{video[1]}.avi',
                                          root / 'rawframes' / video[1]),
                    videos))
        for name in LISTS.values():
            lines = [
                f'{v} {label}\n' for kind, v, label in videos if kind == name
            ]
            path = root / f'{name}_split_{args.split}.txt'
            path.write_text(''.join(lines))
            print(f'{path}: {len(lines)} videos')
    except (OSError, ValueError) as error:
        print(f'prepare_hmdb51.py: error: {error}', file=sys.stderr)
        sys.exit(2)
    print(f'{root / "rawframes"}: {frames} frames')


if __name__ == '__main__':
    main()
