"""Fixes come with the modules they belong to, whatever is imported first."""
import subprocess
import sys

import numpy as np
import pytest

import scalenas_mm.registry  # noqa: F401  (applies the fixes)
from scalenas_mm import compat
from scalenas_mm.compat.imports import after_import, replace_import


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A folder on the path with modules ``toy_fixed`` and ``toy_other``."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, 'meta_path', list(sys.meta_path))
    for name in ('toy_fixed', 'toy_other'):
        (tmp_path / f'{name}.py').write_text(f"own = '{name}'\n")
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield tmp_path
    for name in ('toy_fixed', 'toy_other'):
        sys.modules.pop(name, None)


def test_a_fix_waits_for_the_import(modules):
    seen = []
    after_import('toy_fixed', lambda module: seen.append(module.own))
    assert seen == []
    import toy_other  # noqa: F401
    assert seen == []
    import toy_fixed
    assert seen == ['toy_fixed'] and toy_fixed.__spec__.has_location


def test_a_fix_comes_at_once_when_it_is_late(modules):
    import toy_fixed
    seen = []
    after_import('toy_fixed', seen.append)
    assert seen == [toy_fixed]


def test_a_module_that_is_not_there_is_still_not_there(modules):
    after_import('toy_missing', pytest.fail)
    with pytest.raises(ModuleNotFoundError, match='toy_missing'):
        import toy_missing  # noqa: F401


@pytest.mark.parametrize('needed, expected', [(True, 'toy_other'),
                                              (False, 'toy_fixed')])
def test_a_module_is_replaced_where_needed(modules, needed, expected):
    replace_import('toy_fixed', 'toy_other', lambda: needed)
    import toy_fixed
    assert toy_fixed.own == expected and toy_fixed.__name__ == 'toy_fixed'


ACTS = '''
{first}
{second}
from mmengine.dist import utils
from mmengine.model import MMDistributedDataParallel
import torch
assert utils._init_dist_pytorch.__name__ == 'init_process_group_on_cpu'
assert MMDistributedDataParallel.__init__.__wrapped__
from mmengine.logging import HistoryBuffer
assert HistoryBuffer in torch.serialization.get_safe_globals()
'''
IMPORTS = ['import mmengine.runner', 'import scalenas_mm.registry']


@pytest.mark.skipif(
    not compat.without_accelerator(), reason='acts on the CPU only')
@pytest.mark.parametrize('order', [1, -1])
def test_the_order_of_imports_does_not_matter(order):
    first, second = IMPORTS[::order]
    code = ACTS.format(first=first, second=second)
    subprocess.run([sys.executable, '-W', 'error::UserWarning', '-c', code],
                   check=True)


def test_apply_acts_once():
    before = list(sys.meta_path)
    compat.apply()
    assert before == sys.meta_path


def test_long_is_there():
    assert np.array([1, 2]).astype(np.long).dtype.itemsize == 8


def test_a_config_is_formatted_once():
    from types import SimpleNamespace

    from scalenas_mm.compat.configs import format_once
    calls = []

    def plain(text, **settings):
        calls.append(text)
        return text.upper(), settings

    module = SimpleNamespace(FormatCode=plain)
    format_once(module)
    assert module.FormatCode('a = 1', style=1) == ('A = 1', dict(style=1))
    assert module.FormatCode('a = 1', style=1) == ('A = 1', dict(style=1))
    assert module.FormatCode('a = 1', style=2) == ('A = 1', dict(style=2))
    assert module.FormatCode('b = 1', style=1) == ('B = 1', dict(style=1))
    assert calls == ['a = 1', 'a = 1', 'b = 1']
    assert compat.FIXES['mmengine.config.config'] == 'configs.format_once'
