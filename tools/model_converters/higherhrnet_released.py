"""Convert a network that the authors of HigherHRNet released.

SRC DST turns its state dict into a checkpoint of a whole model: backbone.*
with the names of mmpose's HRNet, which ScaleNet with arch='hrnet' and
upsample='nearest' reads, too, and head.* of HigherResolutionHead in
projects/higherhrnet. What the weights say about the head is printed.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import fail, readable_errors


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', help='released checkpoint')
    parser.add_argument('dst', help='checkpoint to write')
    parser.add_argument(
        '--force', action='store_true', help='overwrite an existing file')
    return parser.parse_args()


def check_paths(args):
    if not Path(args.src).is_file():
        fail(f'file not found: {args.src}')
    if Path(args.dst).exists() and not args.force:
        fail(f'{args.dst} exists; --force overwrites it')


def check_weights(weights, width, head):
    """Every weight has its place, and every place its weight."""
    from projects.higherhrnet.higherhrnet import HigherResolutionHead
    from scalenas_mm.backbones import ScaleNet
    from scalenas_mm.export.released import ReleasedError
    parts = dict(
        backbone=ScaleNet(width, False, arch='hrnet', upsample='nearest'),
        head=HigherResolutionHead(**head))
    for name, part in parts.items():
        own = {
            key[len(name) + 1:]: value
            for key, value in weights.items() if key.startswith(f'{name}.')
        }
        try:
            result = part.load_state_dict(own, strict=False)
        except RuntimeError as error:  # of a shape
            raise ReleasedError(str(error).splitlines()[-1].strip()) from None
        missing = [
            key for key in result.missing_keys
            if not key.endswith('num_batches_tracked')
        ]
        if missing or result.unexpected_keys:
            what = ('no weights for' if missing else 'unexpected weights')
            key = (missing or result.unexpected_keys)[0]
            raise ReleasedError(f'{what} {name}.{key}')


def convert(args):
    """Write the checkpoint and say what it is."""
    import torch

    from projects.higherhrnet.higherhrnet.released import (convert_weights,
                                                           infer_model)
    from scalenas_mm._files import whole_file
    from scalenas_mm.export.released import ReleasedError, load_weights
    weights = convert_weights(load_weights(Path(args.src)))
    try:
        width, head = infer_model(weights)
        check_weights(weights, width, head)
    except ReleasedError as error:
        raise ReleasedError(f'{args.src}: {error}') from None
    with whole_file(args.dst) as part:
        torch.save(dict(state_dict=weights, meta={}), part)
    print(f'width {width}, {len(weights)} tensors')
    print('head', *(f'{key}={value}' for key, value in head.items()))
    print(f'wrote {args.dst}')


def main():
    args = parse_args()
    check_paths(args)
    with readable_errors():
        convert(args)


if __name__ == '__main__':
    main()
