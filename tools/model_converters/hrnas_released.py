"""Convert a network that the authors of HR-NAS released.

SRC DST turns its state dict into a checkpoint of our whole model: backbone.*
(HRNAS) and the classifier of mmseg's FCNHead, mmpose's HeatmapHead or
mmpretrain's LinearClsHead. The architecture is read off the weights. Beside
DST, a .json holds it and a .py is a config of the model.

--rows FILE --arch FILE turns a released checkpoint.json or best_model.json
into an architecture. With SRC, the weights must agree with it.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import check_config, fail, readable_errors


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', nargs='?', help='state dict, .pth')
    parser.add_argument('dst', nargs='?', help='checkpoint to write, .pth')
    parser.add_argument(
        '--task',
        choices=['seg', 'pose', 'cls'],
        help='by default that of the weights, if only one has their head')
    parser.add_argument(
        '--ema', help='moving averages, a dict of tensors, to use instead')
    parser.add_argument('--rows', help='released architecture, .json')
    parser.add_argument('--arch', help='architecture to write, .json')
    parser.add_argument(
        '--base', help='config of the task from which the new one inherits')
    parser.add_argument(
        '--force', action='store_true', help='overwrite existing files')
    args = parser.parse_args()
    if bool(args.src) != bool(args.dst):
        parser.error('SRC needs DST')
    if not args.src and not (args.rows and args.arch and args.task):
        parser.error('give SRC DST, or --rows, --arch and --task')
    if args.dst and Path(args.dst).suffix in ('.json', '.py', ''):
        parser.error(f'DST: expected a name such as x.pth, got {args.dst}')
    return args


def outputs(args):
    """Checkpoint, architecture and config to write; None where none is."""
    if not args.dst:
        return None, args.arch, None
    dst = Path(args.dst)
    return dst, args.arch or dst.with_suffix('.json'), dst.with_suffix('.py')


def check_paths(args):
    for path in filter(None, (args.src, args.ema, args.rows)):
        if not Path(path).is_file():
            fail(f'file not found: {path}')
    if args.base:
        check_config(args.base)
    for path in filter(None, outputs(args)):
        if Path(path).exists() and not args.force:
            fail(f'{path} exists; --force overwrites it')


def read_rows(args, space, tokens=None):
    """The architecture of a released file."""
    from scalenas_mm.spaces import SettingError
    from scalenas_mm.spaces.hrnas.released import arch_from_rows
    try:
        rows = json.loads(Path(args.rows).read_text())
    except ValueError as error:
        raise SettingError(f'rows {args.rows}', 'JSON', str(error)) from None
    return arch_from_rows(space, rows, tokens)


def convert_rows(args):
    """Write the architecture of a released file."""
    from scalenas_mm._files import write_atomic
    from scalenas_mm.spaces import HRNASSpace
    head = 'classification' if args.task == 'cls' else 'dense'
    arch = read_rows(args, HRNASSpace(head=head))
    write_atomic(args.arch, arch.to_json() + '\n')
    print(f'wrote {args.arch}')


def convert_checkpoint(args):
    """Write checkpoint, architecture and config of our model."""
    import torch

    from scalenas_mm._files import whole_file, write_atomic
    from scalenas_mm.backbones import HRNAS
    from scalenas_mm.export.released import ReleasedError
    from scalenas_mm.export.released_hrnas import (averaged, convert_hrnas,
                                                   load_hrnas)
    released = load_hrnas(Path(args.src))
    if args.ema:
        released = averaged(released, load_hrnas(Path(args.ema)))
    result = convert_hrnas(released, args.task)
    backbone = dict(result.model['backbone'])
    backbone.pop('type')
    with torch.device('meta'):
        space = HRNAS(**backbone).space
    if args.rows and read_rows(args, space, result.arch.tokens) != result.arch:
        raise ReleasedError(f'{args.src}: the weights are not of the '
                            f'architecture in {args.rows}')
    dst, arch, config = outputs(args)
    text = config_text(args, result)
    with whole_file(dst) as part:
        torch.save(dict(state_dict=result.weights, meta={}), part)
    write_atomic(arch, result.arch.to_json() + '\n')
    write_atomic(config, text)
    facts = ', '.join(f'{v} {k}' for k, v in space.facts(result.arch).items())
    print(f'{result.task}, {facts}, {len(result.weights)} tensors\n'
          f'wrote {dst}, {arch} and {config}')


def config_text(args, result):
    """Python of the config."""
    from scalenas_mm.export import inheriting_config
    from scalenas_mm.export.config import model_config
    comment = f'Converted from {Path(args.src).name} of HR-NAS.'
    if args.base:
        return inheriting_config(
            Path(args.base).resolve(),
            Path(args.dst).resolve().parent, result.model, result.arch,
            comment)
    return model_config(result.model, result.arch, result.scope, comment)


def main():
    args = parse_args()
    check_paths(args)
    with readable_errors():
        if args.src:
            convert_checkpoint(args)
        else:
            convert_rows(args)


if __name__ == '__main__':
    main()
