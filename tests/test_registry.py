"""Types of this package are found from any default scope."""
import abc
import inspect
import subprocess
import sys
import types
from importlib.util import find_spec

import pytest
from mmengine.registry import DefaultScope
from mmengine.registry import root as mmengine_registries

import scalenas_mm.registry as registries
from scalenas_mm import samplers, search, spaces
from scalenas_mm._register import register_public_classes


def test_every_registry_of_mmengine_has_a_child():
    names = [
        name for name in dir(mmengine_registries)
        if isinstance(getattr(mmengine_registries, name), registries.Registry)
    ]
    assert len(names) >= 20
    for name in names:
        child = getattr(registries, name)
        assert child.parent is getattr(mmengine_registries, name)
        assert child.scope == 'scalenas_mm'


@pytest.mark.parametrize('scope', ['mmengine', 'scalenas_mm', 'mmseg'])
def test_own_registries_ignore_the_default_scope(scope, caplog):
    registry = registries.OwnRegistry('thing', scope='scalenas_mm')

    @registry.register_module()
    class Thing:

        def __init__(self, size):
            self.size = size

    with DefaultScope.overwrite_default_scope(scope):
        for name in ('Thing', 'scalenas_mm.Thing'):
            assert registry.build(dict(type=name, size=3)).size == 3
    assert not caplog.records


def test_classes_are_registered_by_their_public_name(monkeypatch):
    module = types.ModuleType('scalenas_mm.toy')

    class Base(abc.ABC):

        @abc.abstractmethod
        def act(self):
            pass

    class Public(Base):

        def act(self):
            pass

    module.Base, module.Public = Base, Public
    module.Private = type('Private', (Public, ), {})
    module.Value, module.function = type('Value', (), {}), len
    module.__all__ = ['Base', 'Public', 'Value', 'function']
    monkeypatch.setitem(sys.modules, 'scalenas_mm.toy', module)
    registry = registries.OwnRegistry('toy', scope='scalenas_mm')
    register_public_classes(registry, 'toy', 'Base')
    assert registry.module_dict == {'Public': Public}


@pytest.mark.parametrize('name, base', [('SPACES', spaces.Space),
                                        ('SAMPLERS', samplers.Sampler),
                                        ('SEARCHERS', search.Searcher)])
def test_registries_hold_only_what_a_config_can_build(name, base):
    registry = getattr(registries, name)
    registry.import_from_location()
    assert len(registry) >= 3
    for kind in registry.module_dict.values():
        assert issubclass(kind, base) and not inspect.isabstract(kind)


def test_places_of_registries_exist():
    for name, registry in vars(registries).items():
        if isinstance(registry, registries.Registry):
            for place in registry._locations:
                assert find_spec(place), f'{name}: {place}'


@pytest.mark.slow
@pytest.mark.parametrize('scope', ['mmengine', 'mmseg'])
def test_types_are_found_without_an_import(scope):
    pytest.importorskip(scope)
    code = f'''
from mmengine.registry import MODELS, init_default_scope
init_default_scope({scope!r})
assert MODELS.get('scalenas_mm.ScaleNet').__name__ == 'ScaleNet'
from scalenas_mm.registry import SAMPLERS, SEARCHERS, SPACES
assert SPACES.get('scalenas_mm.ScaleNetSpace')
assert SAMPLERS.get('GroupedSampler') and SEARCHERS.get('RandomSearch')
'''
    subprocess.run([sys.executable, '-W', 'ignore', '-c', code], check=True)
