"""Parameters and MACs of a model with a searchable backbone."""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import fail
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.table import Table

from scalenas_mm.backbones import find_searchable
from scalenas_mm.evaluation import rest_of_model
from scalenas_mm.registry import MODELS


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--arch',
        nargs='+',
        metavar='ARCH',
        help='names (such as max, min), JSON files or what else the space '
        'reads; default: the fixed architecture of the config, or all names')
    parser.add_argument(
        '--shape',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='input size in pixels (default: input_size or crop_size of the '
        'config, or 512 1024)')
    parser.add_argument(
        '--count-dead',
        action='store_true',
        help='also count layers whose result reaches no output')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    return parser.parse_args()


def build(path, options):
    """Config and model, without pretrained weights."""
    if not Path(path).is_file():
        fail(f'config not found: {path}')
    config = Config.fromfile(path)
    config.merge_from_dict(options or {})
    init_default_scope(config.get('default_scope', 'mmengine'))
    cfg = config.model.to_dict()
    cfg.pop('distillation', None)
    return config, MODELS.build(cfg).eval()


def rows(backbone, archs, shape, rest, drop_dead):
    """One row per architecture and scope."""
    space = backbone.space
    for name, arch in archs.items():
        scopes = dict(backbone=space.complexity(arch, shape, drop_dead))
        # without shared weights the head is built for one architecture only
        if backbone.shares_weights or arch == backbone.arch:
            scopes['model'] = scopes['backbone'] + rest
        for scope, cost in scopes.items():
            yield (name, scope, f'{cost.params:,}', f'{cost.macs:,}',
                   f'{cost.macs / 1e9:.3f}', f'{cost.macs / 2**30:.3f}',
                   *map(str,
                        space.facts(arch).values()))


def main():
    args = parse_args()
    try:
        config, model = build(args.config, args.cfg_options)
        backbone = find_searchable(model)
        default = list(backbone.space.named()) if backbone.searchable else []
        archs = {
            name: backbone.space.resolve(name)
            for name in args.arch or default
        } or {
            'config': backbone.arch
        }
        shape = args.shape or (
            config.get('train_cfg')
            or {}).get('input_size') or config.get('crop_size') or (512, 1024)
        rest = rest_of_model(model, shape)
        table = Table(title=f'{Path(args.config).name}, one image of '
                      f'{shape[0]} x {shape[1]}')
        for column in ('architecture', 'scope', 'parameters', 'MACs',
                       'GMACs (1e9)', 'GiMACs (2^30)',
                       *backbone.space.facts(backbone.arch)):
            table.add_column(
                column,
                justify='left' if column in ('architecture',
                                             'scope') else 'right')
        for row in rows(backbone, archs, tuple(shape), rest,
                        not args.count_dead):
            table.add_row(*row)
    except ValueError as error:
        fail(str(error))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


if __name__ == '__main__':
    main()
