"""ViPNAS networks to mmpose, which then runs them without this package, and
back.

to-mmpose CONFIG CHECKPOINT OUT_DIR takes what tools/export.py wrote and makes
a config and a checkpoint of mmpose's own ViPNAS_ResNet, ViPNAS_MobileNetV3 or
HRNet. to-ours SRC DST --arch ARCH --family FAMILY gives weights of mmpose the
names they have here. to-supernet SRC DST --config CONFIG --arch ARCH puts such
weights into their place in a supernet.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import fail, read_config, readable_errors

FAMILIES = ('resnet50', 'mobilenetv3', 'hrnet_w32')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    there = commands.add_parser('to-mmpose', help='an exported network')
    there.add_argument('config')
    there.add_argument('checkpoint')
    there.add_argument('out_dir', type=Path)
    ours = commands.add_parser('to-ours', help='weights of mmpose')
    ours.add_argument('--family', choices=FAMILIES, required=True)
    into = commands.add_parser('to-supernet', help='into a supernet')
    into.add_argument('--config', required=True, help='of the supernet')
    into.add_argument(
        '--checkpoint', help='weights of the supernet; random ones by default')
    for command in (ours, into):
        command.add_argument('src', help='checkpoint of mmpose, or of ours')
        command.add_argument('dst', type=Path, help='checkpoint to write')
        command.add_argument(
            '--arch',
            default='published',
            help='a name in the space or a JSON file (default: published)')
    for command in (there, ours, into):
        command.add_argument(
            '--force', action='store_true', help='overwrite existing files')
    return parser.parse_args()


def check_new(path, force):
    if path.exists() and not force:
        fail(f'{path} exists; --force overwrites it')


def save(weights, meta, path):
    import torch

    from scalenas_mm._files import whole_file
    with whole_file(path) as part:
        torch.save(dict(state_dict=weights, meta=meta), part)
    print(f'wrote {path} ({len(weights)} tensors)')


def build(config, strict_from=None):
    """The model of a config, with the weights of a checkpoint."""
    from mmengine.registry import init_default_scope

    from scalenas_mm.evaluation import load_strictly, read_checkpoint
    from scalenas_mm.registry import MODELS
    init_default_scope(config.get('default_scope', 'mmpose'))
    model = MODELS.build(config.model)
    checkpoint = {}
    if strict_from is not None:
        checkpoint = read_checkpoint(strict_from)
        load_strictly(model, checkpoint, strict_from)
    return model, checkpoint


def weights_of(path):
    from scalenas_mm.evaluation import read_checkpoint
    checkpoint = read_checkpoint(path)
    return checkpoint.get('state_dict', checkpoint)


def to_mmpose(args):
    from mmengine.config import Config

    from scalenas_mm._files import write_atomic
    from scalenas_mm.export import mmpose_model, to_mmpose
    config = read_config(args.config)
    name = Path(args.config).stem + '_mmpose'
    paths = [args.out_dir / f'{name}{suffix}' for suffix in ('.py', '.pth')]
    for path in paths:
        check_new(path, args.force)
    model, checkpoint = build(config, args.checkpoint)
    plain = config.to_dict()
    plain['model'] = mmpose_model(plain['model'], model)
    for key in ('custom_imports', 'arch', 'load_from'):
        plain.pop(key, None)
    args.out_dir.mkdir(parents=True, exist_ok=True)
    save(
        to_mmpose(model.state_dict(), model.backbone),
        {'dataset_meta':
         (checkpoint.get('meta') or {}).get('dataset_meta')}, paths[1])
    write_atomic(paths[0], Config(plain).pretty_text)
    print(f'wrote {paths[0]}')


def to_ours(args):
    from scalenas_mm.export import from_mmpose
    from scalenas_mm.spaces import ViPNASSpace
    check_new(args.dst, args.force)
    arch = ViPNASSpace(args.family).resolve(args.arch)
    save(from_mmpose(weights_of(args.src), arch), {}, args.dst)


def to_supernet(args):
    from scalenas_mm.backbones import find_searchable
    from scalenas_mm.export import from_mmpose, load_part
    check_new(args.dst, args.force)
    model, _ = build(read_config(args.config), args.checkpoint)
    network = getattr(model, 'architecture', model)
    arch = find_searchable(network).space.resolve(args.arch)
    load_part(network, from_mmpose(weights_of(args.src), arch), arch)
    save(model.state_dict(), {}, args.dst)


def main():
    args = parse_args()
    run = {
        'to-mmpose': to_mmpose,
        'to-ours': to_ours,
        'to-supernet': to_supernet
    }[args.command]
    with readable_errors(ValueError, RuntimeError):
        run(args)


if __name__ == '__main__':
    main()
