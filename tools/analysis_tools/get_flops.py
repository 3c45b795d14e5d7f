"""Parameters and MACs of a model with a searchable backbone."""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import add_cfg_options, add_shape, read_config, readable_errors


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--arch',
        nargs='+',
        metavar='ARCH',
        help='names (such as max, min), JSON files or what else the space '
        'reads; default: the fixed architecture of the config, or all names')
    add_shape(parser)
    parser.add_argument(
        '--count-dead',
        action='store_true',
        help='also count layers whose result reaches no output')
    add_cfg_options(parser)
    args = parser.parse_args()
    return args


def build(config):
    """The model of a config, without pretrained weights."""
    from mmengine.registry import init_default_scope

    from scalenas_mm.registry import MODELS
    init_default_scope(config.get('default_scope', 'mmengine'))
    cfg = config.model.copy()
    cfg.pop('distillation', None)
    return MODELS.build(cfg).eval()


def input_size(config, shape):
    """Height and width: of the arguments, the config, or Cityscapes'."""
    return tuple(
        shape or (config.get('train_cfg') or {}).get('input_size')
        or config.get('crop_size') or (512, 1024))


def architectures(backbone, names):
    """Those to count, by name."""
    default = list(backbone.space.named()) if backbone.kind == 'shared' else []
    archs = {name: backbone.space.resolve(name) for name in names or default}
    return archs or {'config': backbone.arch}


def costs_on_a_blank_image(model, shape):
    """Costs of the whole model; None for a model that takes no images, such
    as one for points."""
    from scalenas_mm.evaluation import cost_model
    try:
        return cost_model(model, shape)
    except Exception as error:  # whatever a network says to it
        reason = ' '.join(f'{type(error).__name__}: {error}'.split())
        print(
            'The backbone alone: the model does not run on a blank image '
            f'({reason}). A search counts the rest on its data.',
            file=sys.stderr)
        return None


def rows(backbone, archs, shape, costs, drop_dead):
    """One row per architecture and scope."""
    from scalenas_mm.spaces import Complexity
    space = backbone.space
    channels = space.output_channels(backbone.arch)
    for name, arch in archs.items():
        scopes = dict(backbone=space.complexity(arch, shape, drop_dead))
        # a head that follows no architecture is built for one's channels
        if costs and (costs.followers
                      or space.output_channels(arch) == channels):
            found = costs(arch)
            scopes['model'] = scopes['backbone'] + Complexity(
                found['params'] - found['backbone_params'],
                found['macs'] - found['backbone_macs'])
        for scope, cost in scopes.items():
            yield (name, scope, f'{cost.params:,}', f'{cost.macs:,}',
                   f'{cost.macs / 1e9:.3f}', f'{cost.macs / 2**30:.3f}',
                   *map(str,
                        space.facts(arch).values()))


def print_costs(config, args):
    """Print the table that the arguments ask for."""
    from rich.console import Console
    from rich.table import Table

    from scalenas_mm.backbones import find_searchable
    model = build(config)
    backbone = find_searchable(model)
    archs = architectures(backbone, args.arch)
    shape = input_size(config, args.shape)
    table = Table(title=f'{Path(args.config).name}, one image of '
                  f'{shape[0]} x {shape[1]}')
    for column in ('architecture', 'scope', 'parameters', 'MACs',
                   'GMACs (1e9)', 'GiMACs (2^30)',
                   *backbone.space.facts(backbone.arch)):
        text = column in ('architecture', 'scope')
        table.add_column(column, justify='left' if text else 'right')
    costs = costs_on_a_blank_image(model, shape)
    for row in rows(backbone, archs, shape, costs, not args.count_dead):
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def main():
    args = parse_args()
    config = read_config(args.config, args.cfg_options)
    with readable_errors(ValueError):
        print_costs(config, args)


if __name__ == '__main__':
    main()
