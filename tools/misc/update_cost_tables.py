"""Write what the configs cost into metafiles and READMEs.

For every config that model-index.yml lists: parameters and MACs of the network
``Cost Network`` (a name in its space, or ``config`` for what the config
builds) at ``Cost Input``, by the closed form of the space and a count of the
rest of the model (all of a model without a searchable backbone); a two-stage
detector has as many proposals as it may. They
go into the metafile, and into every table of its README that has the columns
``params (M)`` and ``GMACs`` and names the config in the first one. The columns
``GiMACs`` (2^30, which papers call GFLOPs), ``paper: params (M)`` and ``paper:
GFLOPs`` are filled, too, where a table has them; the paper's numbers stand in
the metafile (``Paper Parameters (M)``, ``Paper GFLOPs``).
"""
import argparse
import contextlib
import re
import sys
from functools import lru_cache
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import fail, readable_errors

ROOT = Path(__file__).resolve().parents[2]
PAPER = {
    'paper: params (M)': 'Paper Parameters (M)',
    'paper: GFLOPs': 'Paper GFLOPs'
}
NAMED = re.compile(r'\[([^]]+)\]\(.*\)')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--check',
        action='store_true',
        help='change nothing; exit with code 2 if a number would change')
    parser.add_argument(
        '--root',
        type=Path,
        default=ROOT,
        help='folder with model-index.yml (default: the repository)')
    return parser.parse_args()


@contextlib.contextmanager
def shapes_alone():
    """Norms and resizing, which cost nothing, give no more than a shape: on a
    meta device their real ones are most of the time."""
    import torch
    import torch.nn.functional as F

    def batch_norm(x, mean, var, weight=None, bias=None, *args, **kwargs):
        for one in (weight, bias):
            if one is not None:
                one.detach()  # parameters that are read are counted
        return torch.empty_like(x)

    def interpolate(x, size=None, scale_factor=None, *args, **kwargs):
        sides = x.shape[2:]
        if size is None:
            many = isinstance(scale_factor, (tuple, list))
            factors = scale_factor if many else [scale_factor] * len(sides)
            size = [int(a * b) for a, b in zip(sides, factors)]
        elif isinstance(size, int):
            size = [size] * len(sides)
        return x.new_empty((*x.shape[:2], *size))

    with mock.patch.object(F, 'batch_norm', batch_norm), \
            mock.patch.object(F, 'interpolate', interpolate):
        yield


@lru_cache(None)
def built(scope, model, size):
    """The costs of a model, which many configs share. On a meta device nothing
    is computed."""
    import json

    import torch
    from mmengine.config import ConfigDict
    from mmengine.registry import init_default_scope

    from scalenas_mm.backbones import find_searchable
    from scalenas_mm.evaluation import cost_model
    from scalenas_mm.registry import MODELS
    init_default_scope(scope)
    with torch.device('meta'):
        network = MODELS.build(ConfigDict(json.loads(model)))
    backbone = find_searchable(network)
    if network is backbone:
        drop_dead = getattr(backbone, 'drop_dead', True)
        return backbone.space.cost_model(size, drop_dead=drop_dead)
    if hasattr(network, 'roi_head'):
        fix_proposals(network)
    return cost_model(network, size)


def whole_cost(scope, model, size):
    """Cost of a model without a searchable backbone, by counting."""
    import torch
    from mmengine.config import ConfigDict
    from mmengine.registry import init_default_scope

    from scalenas_mm.evaluation import count, run_tensor
    from scalenas_mm.registry import MODELS
    init_default_scope(scope)
    with torch.device('meta'):
        network = MODELS.build(ConfigDict(model))
        sample = dict(inputs=torch.zeros(1, *size))
    network.eval()
    return count(network, lambda: run_tensor(network, sample))


def is_searchable(model):
    """Whether a model has a searchable backbone."""
    from scalenas_mm.backbones import searchable_cfg
    from scalenas_mm.spaces import SettingError
    try:
        searchable_cfg(model)
    except SettingError:
        return False
    return True


def parts_of(scope, model, size):
    """The architecture of a model and its costs; these are of the least
    network, if its outputs are the same."""
    import json

    from scalenas_mm.backbones import searchable_cfg
    cfg = searchable_cfg(model)
    arch = cfg.get('arch')
    cfg['arch'] = 'min'
    space = built(scope, json.dumps(cfg), size).space
    arch, least = space.resolve('max' if arch is None else arch), 'min'
    if space.output_channels(arch) != space.output_channels(space.min_arch()):
        least = arch.to_dict()
    cfg['arch'] = least
    return arch, built(scope, json.dumps(model), size)


def fix_proposals(detector):
    """Let a two-stage detector of mmdet run on a meta device: it always has
    as many proposals as its configuration allows."""
    from mmengine.structures import InstanceData
    rpn, num = detector.rpn_head, detector.test_cfg.rpn.max_per_img

    def predict(maps, *args, **kwargs):
        rpn(maps)
        return [InstanceData(bboxes=maps[0].new_zeros(num, 4))]

    def features(extractor):
        size = extractor.roi_layers[0].output_size
        return lambda maps, rois, *args, **kwargs: maps[0].new_zeros(
            len(rois), extractor.out_channels, *size)

    rpn.predict = predict
    for module in detector.roi_head.modules():
        if hasattr(module, 'roi_layers'):
            module.forward = features(module)


def cost_of(path, metadata):
    """Cost of the network that the metadata of a config name.

    Exits with code 2 if the config builds another one.
    """
    from mmengine.config import Config

    from scalenas_mm.backbones import plain_cfg
    from scalenas_mm.spaces import Complexity
    config = Config.fromfile(path)
    model = plain_cfg(config.model.to_dict())
    if metadata['Cost Scope'] == 'backbone':
        model = model['backbone']
    for part in model, model.get('backbone', {}):
        part.pop('init_cfg', None)
    channels, *size = map(int, metadata['Cost Input'].split('x'))
    if not is_searchable(model):
        return whole_cost(config.default_scope, model, (channels, *size))
    arch, costs = parts_of(config.default_scope, model, tuple(size))
    space, name = costs.space, metadata['Cost Network']
    if channels != getattr(space, 'in_channels', 3):
        fail(f'{path.name}: Cost Input: expected {space.in_channels} '
             f'channels, got {channels}')
    if name != 'config' and arch != space.resolve(name):
        fail(f'{path.name}: Cost Network: the config builds another network '
             f'than {name}')
    found = costs(arch)
    return Complexity(found['params'], found['macs'])


def models_of(root):
    """Every metafile and the models it lists."""
    import yaml
    index = yaml.safe_load((root / 'model-index.yml').read_text())
    for name in index['Import']:
        path = root / name
        yield path, yaml.safe_load(path.read_text())


def in_metafile(text, name, cost):
    """The metafile's text with the cost of one of its models."""
    start = re.search(rf'^  - Name: {re.escape(name)}$', text, re.M)
    end = re.compile(r'^  - Name: ', re.M).search(text, start.end())
    end = end.start() if end else len(text)
    block = text[start.start():end]
    for key, value in (('Parameters (M)', cost.params / 1e6),
                       ('GMACs', cost.macs / 1e9)):
        block, found = re.subn(rf'^(      {re.escape(key)}:).*$',
                               rf'\1 {value:.3f}', block, 1, re.M)
        if not found:
            fail(f'{name}: expected the field {key} in its metafile')
    return text[:start.start()] + block + text[end:]


def in_readme(text, costs, metadata):
    """The README's text with the costs in its tables."""
    header, lines = [], []
    for line in text.split('\n'):
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if not line.startswith('|'):
            header = []
        elif not header:
            header = cells
        elif 'params (M)' in header and 'GMACs' in header:
            name = NAMED.fullmatch(cells[0])
            if name and name[1] in costs:
                cells = row(header, cells, costs[name[1]], metadata[name[1]])
                line = f'| {" | ".join(cells)} |'
        lines.append(line)
    return '\n'.join(lines)


def row(header, cells, cost, metadata):
    """The cells of a table's row, with the numbers that its header names."""
    values = {
        'params (M)': f'{cost.params / 1e6:.3f}',
        'GMACs': f'{cost.macs / 1e9:.3f}',
        'GiMACs': f'{cost.macs / 2**30:.3f}',
        **{
            column: str(metadata.get(key, ''))
            for column, key in PAPER.items()
        }
    }
    return [values.get(column, cell) for column, cell in zip(header, cells)]


def updated(root):
    """Every file with numbers, its text and what the text should be."""
    for path, data in models_of(root):
        text = new = path.read_text()
        models = {model['Name']: model for model in data['Models']}
        metadata = {name: model['Metadata'] for name, model in models.items()}
        costs = {
            name: cost_of(root / model['Config'], model['Metadata'])
            for name, model in models.items()
        }
        for name, cost in costs.items():
            new = in_metafile(new, name, cost)
        yield path, text, new
        readme = path.with_name('README.md')
        text = readme.read_text()
        yield readme, text, in_readme(text, costs, metadata)


def changed_lines(text, new):
    """The lines that differ, as they are and as they should be."""
    pairs = zip(text.split('\n'), new.split('\n'))
    return [f'{a.strip()} -> {b.strip()}' for a, b in pairs if a != b]


def update(root, check):
    import warnings

    import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)
    from scalenas_mm._files import write_atomic
    warnings.filterwarnings('ignore')  # of task libraries, about themselves
    wrong = []
    with shapes_alone():
        found = list(updated(root))
    for path, text, new in found:
        for line in changed_lines(text, new):
            wrong.append(f'{path.relative_to(root)}: {line}')
            print(wrong[-1])
        if text != new and not check:
            write_atomic(path, new)
    if check and wrong:
        fail(f'{len(wrong)} lines have other numbers than the configs; run '
             'tools/misc/update_cost_tables.py')
    print(f'{len(wrong)} lines {"differ" if check else "changed"}')


def main():
    args = parse_args()
    if not (args.root / 'model-index.yml').is_file():
        fail(f'--root: there is no {args.root / "model-index.yml"}')
    with readable_errors():
        update(args.root, args.check)


if __name__ == '__main__':
    main()
