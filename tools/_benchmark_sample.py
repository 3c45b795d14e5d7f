"""Which architectures tools/build_benchmark.py trains."""
import json
from pathlib import Path

import numpy as np
from _cli import fail

from scalenas_mm.backbones import SearchableBackbone
from scalenas_mm.registry import MODELS, SPACES

SEARCHABLE = 'a searchable one, such as scalenas_mm.NCPNet'


def space_of(config):
    """The space of the config's backbone."""
    cfg = (config.get('model') or {}).get('backbone')
    if cfg is None:
        fail('expected a config with model.backbone, to train networks of')
    try:
        backbone = MODELS.build(dict(cfg.to_dict(), arch='min', init_cfg=None))
    except KeyError:
        backbone = None
    except TypeError as error:
        fail(f'model.backbone: expected {SEARCHABLE}, and its settings, got '
             f'{cfg.get("type")}: {" ".join(str(error).split())}')
    if not isinstance(backbone, SearchableBackbone):
        fail(f'model.backbone: expected {SEARCHABLE}, got {cfg.get("type")}')
    return backbone.space


def narrowed(space, source):
    """The part of ``space`` that a JSON text or file describes.

    What the description does not say is as in ``space``.
    """
    if source is None:
        return space
    given, default = _json(source), space.to_dict()
    kind = given.get('type', default['type'])
    if kind != default['type']:
        fail(f"--space: type: expected {default['type']}, the space of the "
             f'backbone, got {kind}')
    unknown = sorted(set(given) - set(default))
    if unknown:
        fail(f"--space: expected {', '.join(sorted(default))}, got "
             f'{unknown[0]}')
    try:
        return SPACES.build({**default, **given})
    except (TypeError, ValueError) as error:
        fail(f'--space: {error}')


def _json(source):
    text = source
    if not source.lstrip().startswith('{'):
        if not Path(source).is_file():
            fail(f'--space: expected a JSON object or a file, got {source!r}')
        text = Path(source).read_text()
    try:
        given = json.loads(text)
    except ValueError as error:
        fail(f'--space: expected JSON, got {source!r} ({error})')
    if not isinstance(given, dict):
        fail(f'--space: expected a JSON object, got {text.strip()!r}')
    return given


def draw(space, num, seed, spread):
    """``num`` different architectures without dead layers.

    The first ones of a larger ``num`` are the same.
    """
    size = space.size()
    if num > size:
        fail(f'--num: the space has {size} architectures, got {num}')
    sample = space.spread_genes if spread else space.sample_genes
    archs, seen = [], set()
    for index in range(num):
        rng = np.random.default_rng([seed, index])
        # of equally likely ones, a new one is missed once in e**20
        for _ in range(20 * min(size, 50_000)):
            arch = space.live(space.decode(sample(rng, 1)[0]))
            if arch not in seen:
                break
        else:
            fail(f'--num: only {index} different architectures were found')
        seen.add(arch)
        archs.append(arch)
    return archs
