"""ViPNAS networks to mmpose, which then runs them without this package, and
back.

to-mmpose CONFIG CHECKPOINT OUT_DIR takes what tools/export.py wrote and makes
a config and a checkpoint of mmpose's own ViPNAS_ResNet, ViPNAS_MobileNetV3 or
HRNet. to-ours SRC DST gives weights of mmpose the names they have here.
to-supernet SRC DST --config CONFIG puts such weights into their place in a
supernet. The architecture is read off the weights.
"""
import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import fail, read_config, readable_errors

OURS = re.compile(r'\bscalenas_mm\.\w+')
MODULES = ('scalenas_mm', 'projects.vipnas')


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
    ours.add_argument(
        '--write-arch', type=Path, help='architecture to write, .json')
    into = commands.add_parser('to-supernet', help='into a supernet')
    into.add_argument('--config', required=True, help='of the supernet')
    into.add_argument(
        '--checkpoint', help='weights of the supernet; random ones by default')
    for command in (ours, into):
        command.add_argument('src', help='checkpoint of mmpose')
        command.add_argument('dst', type=Path, help='checkpoint to write')
        command.add_argument(
            '--arch',
            help='a name in the space or a JSON file, which the architecture '
            'of the weights must equal')
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


def read_theirs(args, space_of):
    """Weights of mmpose by our names, and their architecture.

    ``space_of`` gives the space that has it, of weights.
    """
    from torch import Tensor

    from scalenas_mm.evaluation import read_checkpoint
    from scalenas_mm.export import ExportError, arch_of, from_mmpose
    checkpoint = read_checkpoint(args.src)
    weights = checkpoint.get('state_dict', checkpoint)
    if not all(isinstance(value, Tensor) for value in weights.values()):
        raise ExportError(f'{args.src}: expected weights')
    arch = arch_of(weights)
    space = space_of(weights)
    space.check(arch)
    if args.arch and space.resolve(args.arch) != arch:
        raise ExportError(f'{args.src}: expected the architecture {args.arch},'
                          f' the weights have\n{arch}')
    print(arch)
    return from_mmpose(weights, arch), arch


def plain_text(settings):
    """A config without what only this package needs."""
    from mmengine.config import Config
    for key in ('arch', 'load_from'):
        settings.pop(key, None)
    modules = settings.get('custom_imports', {}).get('imports', [])
    modules = [modules] if isinstance(modules, str) else modules
    modules = [m for m in modules if not m.startswith(MODULES)]
    if modules:
        settings['custom_imports']['imports'] = modules
    else:
        settings.pop('custom_imports', None)
    return Config(settings).pretty_text


def to_mmpose(args):
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
    text = plain_text(plain)
    if OURS.search(text):
        fail(f'{args.config}: it uses {OURS.search(text)[0]}, which mmpose '
             'does not have')
    args.out_dir.mkdir(parents=True, exist_ok=True)
    save(
        to_mmpose(model.state_dict(), model.backbone),
        {'dataset_meta':
         (checkpoint.get('meta') or {}).get('dataset_meta')}, paths[1])
    write_atomic(paths[0], text)
    print(f'wrote {paths[0]}')


def to_ours(args):
    from scalenas_mm._files import write_atomic
    from scalenas_mm.export import family_of
    from scalenas_mm.spaces import ViPNASSpace
    for path in filter(None, (args.dst, args.write_arch)):
        check_new(path, args.force)
    weights, arch = read_theirs(args, lambda w: ViPNASSpace(family_of(w)))
    if args.write_arch:
        write_atomic(args.write_arch, arch.to_json() + '\n')
    save(weights, {}, args.dst)


def to_supernet(args):
    from scalenas_mm.backbones import find_searchable
    from scalenas_mm.export import load_part
    check_new(args.dst, args.force)
    model, _ = build(read_config(args.config), args.checkpoint)
    network = getattr(model, 'architecture', model)
    space = find_searchable(network).space
    weights, arch = read_theirs(args, lambda _: space)
    load_part(network, weights, arch)
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
