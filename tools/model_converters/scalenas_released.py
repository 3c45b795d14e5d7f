"""Convert what the authors of ScaleNAS released.

SRC DST --task seg|pose turns superscalenet_*.pth into a checkpoint of our
whole model: backbone.* and the head of mmseg or mmpose. --mask FILE --arch
FILE turns a released mask into an architecture.
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
    parser.add_argument('src', nargs='?', help='released checkpoint')
    parser.add_argument('dst', nargs='?', help='checkpoint to write')
    parser.add_argument('--task', choices=['seg', 'pose'], required=True)
    parser.add_argument('--mask', help='released mask, .npy or .json')
    parser.add_argument('--arch', help='architecture to write, .json')
    parser.add_argument(
        '--force', action='store_true', help='overwrite existing files')
    args = parser.parse_args()
    if not args.src and not args.mask:
        parser.error('give SRC DST, or --mask and --arch, or both')
    if bool(args.src) != bool(args.dst):
        parser.error('SRC needs DST')
    if bool(args.mask) != bool(args.arch):
        parser.error('--mask and --arch need each other')
    return args


def check_paths(args):
    for path in filter(None, (args.src, args.mask)):
        if not Path(path).is_file():
            fail(f'file not found: {path}')
    for path in filter(None, (args.dst, args.arch)):
        if Path(path).exists() and not args.force:
            fail(f'{path} exists; --force overwrites it')


def checkpoint(args):
    """The converted state dict; every weight has its place."""
    from scalenas_mm.backbones import ScaleNet
    from scalenas_mm.export.released import (ReleasedError, convert_weights,
                                             drop_fixed, load_weights)
    weights = convert_weights(load_weights(Path(args.src)), args.task)
    width = weights['backbone.transition1.0.0.weight'].shape[0]
    backbone = ScaleNet(
        width, args.task == 'seg', upsample='nearest').state_dict()
    names = {f'backbone.{key}': value for key, value in backbone.items()}
    head = {k: v for k, v in weights.items() if not k.startswith('backbone.')}
    missing = sorted(set(names) - set(weights))
    if missing:
        raise ReleasedError(f'{args.src}: no weights for {missing[0]}')
    dropped = drop_fixed(weights, {**names, **head})
    print(f'width {width}, {len(weights)} tensors'
          f'{f", {len(dropped)} never run left out" if dropped else ""}')
    return weights


def convert_mask(args):
    """Write the architecture of a mask."""
    from scalenas_mm._files import write_atomic
    from scalenas_mm.export.released import load_mask
    from scalenas_mm.spaces import ScaleNetArch, ScaleNetSpace
    space = ScaleNetSpace(multi_scale_output=args.task == 'seg')
    arch = ScaleNetArch.from_released(load_mask(Path(args.mask)))
    space.check(arch)
    write_atomic(args.arch, arch.to_json() + '\n')
    print(f'{args.arch}: {arch}')


def convert_checkpoint(args):
    """Write the checkpoint of our model."""
    import torch

    from scalenas_mm._files import whole_file
    with whole_file(args.dst) as part:
        torch.save(dict(state_dict=checkpoint(args), meta={}), part)
    print(f'wrote {args.dst}')


def main():
    args = parse_args()
    check_paths(args)
    with readable_errors():
        if args.mask:
            convert_mask(args)
        if args.src:
            convert_checkpoint(args)


if __name__ == '__main__':
    main()
