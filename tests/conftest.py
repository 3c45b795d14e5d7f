"""Fixtures for all tests. Markers are declared in setup.cfg."""
import gc
import importlib.util
import json
import os
import sys
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Begin with the files that take longest: a process takes a file at a time, and
# at the end none is to wait for another.
LONGEST = ('test_quickstart.py', 'test_packaging.py', 'test_tools.py',
           'test_search_loop.py', 'test_search_failures.py', 'test_export.py')


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name)
               if item.path.name in LONGEST else len(LONGEST))


def pytest_collection_finish():
    """What is imported stays: the garbage collector need not look at it time
    and again, which took a fifth of a run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """The folder of reference data, which is not part of the project."""
    default = ROOT.parent / 'shared' / 'data'
    folder = Path(os.environ.get('SCALENAS_TEST_DATA', default))
    if not folder.is_dir():
        pytest.skip(f'no reference data at {folder}; '
                    'SCALENAS_TEST_DATA can name another place')
    return folder


@pytest.fixture(scope='session')
def masks(shared_data):
    """Architectures of the released networks."""
    return json.loads((shared_data / 'scalenas' / 'masks.json').read_text())


@pytest.fixture(scope='session')
def tiny(tmp_path_factory) -> Path:
    """A folder with tiny configs and a trained tiny supernet."""
    pytest.importorskip('mmseg')
    from tiny_search import runner_of, write_configs
    folder = write_configs(tmp_path_factory.mktemp('tiny'))
    runner_of(folder / 'tiny_supernet.py', folder / 'supernet').train()
    return folder


@pytest.fixture(autouse=True, scope='session')
def quick_configs():
    """MMEngine formats the config of every runner several times, which takes
    most of the time of a small one, and for every base in a library looks
    for that again and reads all its metafiles."""
    with pytest.MonkeyPatch.context() as patch:
        if importlib.util.find_spec('mmengine'):
            from mmengine.config import config, utils
            patch.setattr(config, 'FormatCode', lambda text, **_: (text, True))
            patch.setattr(utils, 'load', lru_cache(None)(utils.load))
            for name in ('is_installed', 'get_installed_path'):
                patch.setattr(config, name,
                              lru_cache(None)(getattr(config, name)))
        yield


@pytest.fixture(autouse=True)
def no_default_scope():
    """Leave no default scope behind for the next test."""
    yield
    registry = sys.modules.get('mmengine.registry')
    if registry is not None:
        registry.DefaultScope._instance_dict.clear()
