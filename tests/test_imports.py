"""Who may import whom, and what stays cheap."""
import ast
import subprocess
import sys
from pathlib import Path

import pytest

import scalenas_mm

PACKAGE = Path(scalenas_mm.__file__).parent
NAME = PACKAGE.name

# Everyone may also import these.
COMMON = {'registry', 'compat', 'version', '_files', '_safe_pickle'}
# What each part may import beside itself; 'backbones.base' means that module
# only.
ALLOWED = {
    'spaces': set(),
    # 'spaces': layers and their closed-form cost share one value of settings
    'ops': {'spaces'},
    'samplers': {'spaces'},
    'search': {'spaces'},
    'benchmarks': {'spaces', 'search'},
    'predictors': {'spaces', 'search', 'benchmarks'},
    'backbones': {'spaces', 'ops'},
    'evaluation': {'spaces', 'ops', 'backbones.base'},
    'metrics': {'spaces'},
    'supernets': {'spaces', 'ops', 'backbones.base'},
    # 'benchmarks': it trains the networks of a benchmark and fills its rows;
    # 'ops': it cuts what a shrinking network's optimiser holds
    'engine': {
        'spaces', 'samplers', 'search', 'evaluation', 'supernets',
        'backbones.base', 'benchmarks', 'ops'
    },
    'export': {'backbones', 'ops', 'evaluation', 'search', 'spaces'},
    'visualization': {'spaces', 'search', 'benchmarks'},
    'datasets': set(),
    # modules at the top
    '__init__': set(),
    'version': set(),
    'compat': set(),
    'registry': set(),
    '_register': {'spaces', 'samplers', 'search'},
    '_files': set(),
    '_safe_pickle': set(),
}
NUMPY_ONLY = ('spaces', 'samplers', 'search', 'benchmarks', '_files',
              '_safe_pickle')
TASK_LIBRARIES = {'mmseg', 'mmpose', 'mmdet', 'mmdet3d', 'mmpretrain'}
MODULES = sorted(
    path for path in PACKAGE.rglob('*.py') if '.mim' not in path.parts)


def part_of(path):
    return path.relative_to(PACKAGE).with_suffix('').parts[0]


def imported(path):
    """The dotted names that a module imports, relative ones made absolute."""
    parts = (NAME, ) + path.relative_to(PACKAGE).parts
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parts[:len(parts) - node.level] if node.level else ()
            module = '.'.join((*base, *filter(None, [node.module])))
            yield from (f'{module}.{alias.name}' for alias in node.names)


def is_allowed(name, part):
    """Whether a module of ``part`` may import ``name``, of this package."""
    inner = name.split('.')[1:]
    return not inner or any(
        inner[:len(allowed.split('.'))] == allowed.split('.')
        for allowed in ALLOWED[part] | COMMON | {part})


@pytest.mark.parametrize('path', MODULES, ids=lambda p: p.stem)
def test_import_direction(path):
    part = part_of(path)
    assert part in ALLOWED, f'say in ALLOWED what {part} may import'
    wrong = [
        name for name in imported(path)
        if name.split('.')[0] == NAME and not is_allowed(name, part)
    ]
    # the package itself holds its version only
    wrong = [name for name in wrong if name != f'{NAME}.__version__']
    assert not wrong, f'{part} may not import {wrong}'


@pytest.mark.parametrize('path', MODULES, ids=lambda p: p.stem)
def test_no_task_library(path):
    roots = {name.split('.')[0] for name in imported(path)}
    assert not roots & TASK_LIBRARIES


@pytest.mark.parametrize('path',
                         [p for p in MODULES if part_of(p) in NUMPY_ONLY])
def test_numpy_only_in_the_source(path):
    names = set(imported(path))
    roots = {name.split('.')[0] for name in names}
    assert not roots & {'torch', 'mmengine', 'mmcv'}
    assert f'{NAME}.registry' not in {n.rsplit('.', 1)[0] for n in names}


@pytest.mark.parametrize(
    'module', ['', '.spaces', '.samplers', '.search', '.benchmarks'])
def test_cheap_to_import(module):
    code = (f'import sys, {NAME}{module}\n'
            "heavy = {'torch', 'mmengine', 'mmcv', 'mmseg'} & set(sys.modules)"
            '\nassert not heavy, heavy')
    subprocess.run([sys.executable, '-c', code], check=True)


def test_registries_are_cheap_to_import():
    code = (f'import sys, {NAME}.registry\n'
            "heavy = {'torch', 'matplotlib', 'pandas', 'mmcv', 'mmseg'}\n"
            'heavy &= set(sys.modules)\nassert not heavy, heavy')
    subprocess.run([sys.executable, '-c', code], check=True)


@pytest.mark.parametrize('name, part, expected', [
    ('scalenas_mm.spaces.arch', 'samplers', True),
    ('scalenas_mm.registry.MODELS', 'ops', True),
    ('scalenas_mm.backbones.base', 'engine', True),
    ('scalenas_mm.backbones.base.SearchableBackbone', 'engine', True),
    ('scalenas_mm.backbones', 'engine', False),
    ('scalenas_mm.backbones.scalenet', 'engine', False),
    ('scalenas_mm.samplers', 'spaces', False),
])
def test_the_rule_itself(name, part, expected):
    assert is_allowed(name, part) is expected


def test_relative_imports_are_understood(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], 'PACKAGE', tmp_path)
    path = tmp_path / 'engine' / 'loop.py'
    path.parent.mkdir()
    path.write_text('from ..search import Archive\nfrom . import hooks\n'
                    'from .hooks import Hook\nimport a.b\n')
    assert list(imported(path)) == [
        'scalenas_mm.search.Archive', 'scalenas_mm.engine.hooks',
        'scalenas_mm.engine.hooks.Hook', 'a.b'
    ]
