"""Register the classes of the numpy-only packages.

The registries import this module when first asked (see
:mod:`scalenas_mm.registry`); the packages themselves know no registry.
"""
import inspect
from importlib import import_module

from .registry import SAMPLERS, SEARCHERS, SPACES


def register_public_classes(registry, package, base):
    """Register what ``package`` offers in its ``__all__`` and a config can
    name: classes that can be built, of the kind ``base``."""
    module = import_module(f'scalenas_mm.{package}')
    for member in map(vars(module).get, module.__all__):
        if (inspect.isclass(member) and not inspect.isabstract(member)
                and issubclass(member, getattr(module, base))):
            registry.register_module(module=member)


register_public_classes(SPACES, 'spaces', 'Space')
register_public_classes(SAMPLERS, 'samplers', 'Sampler')
register_public_classes(SEARCHERS, 'search', 'Searcher')
