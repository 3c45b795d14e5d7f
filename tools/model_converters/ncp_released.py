"""Convert a network that the authors of NCP released.

SRC DST --task seg|cls turns its state dict into a checkpoint of our whole
model: backbone.* (NCPNet) and the classifier of mmseg's FCNHead or of
mmpretrain's LinearClsHead. The code is read off the weights and printed.
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
    parser.add_argument('--task', choices=['seg', 'cls'], required=True)
    parser.add_argument(
        '--code',
        help='27 integers, a JSON file or a name, which the code of the '
        'weights must equal')
    parser.add_argument('--arch', help='architecture to write, .json')
    parser.add_argument(
        '--force', action='store_true', help='overwrite existing files')
    return parser.parse_args()


def check_paths(args):
    if not Path(args.src).is_file():
        fail(f'file not found: {args.src}')
    for path in filter(None, (args.dst, args.arch)):
        if Path(path).exists() and not args.force:
            fail(f'{path} exists; --force overwrites it')


def convert(args):
    """Write what the arguments ask for and say what it is."""
    import torch

    from scalenas_mm._files import whole_file, write_atomic
    from scalenas_mm.export.released import ReleasedError, load_weights
    from scalenas_mm.export.released_ncp import convert_ncp, infer_code
    from scalenas_mm.spaces import NCPSpace
    released = load_weights(Path(args.src))
    arch = NCPSpace().resolve(infer_code(released))
    if args.code and NCPSpace().resolve(args.code) != arch:
        raise ReleasedError(f'{args.src}: expected the code {args.code}, '
                            f'the weights have {arch}')
    weights = convert_ncp(released, args.task)
    if args.arch:
        write_atomic(args.arch, arch.to_json() + '\n')
    with whole_file(args.dst) as part:
        torch.save(dict(state_dict=weights, meta={}), part)
    stride = dict(seg=4, cls=32)[args.task]
    print(f'code {arch}\n{len(weights)} tensors, output stride {stride}, '
          f'{arch.output} channels to the head\nwrote {args.dst}')


def main():
    args = parse_args()
    check_paths(args)
    with readable_errors():
        convert(args)


if __name__ == '__main__':
    main()
