"""Register the classes of the numpy-only packages.

The registries import this module when first asked (see
:mod:`scalenas_mm.registry`); the packages themselves know no registry.
"""
import inspect
from importlib import import_module
from importlib.util import find_spec

from .registry import SAMPLERS, SEARCHERS, SPACES


def register_public_classes(registry, package):
    """Register every class that ``package`` names in its ``__all__``."""
    if find_spec(package) is None:
        return
    module = import_module(package)
    for name in getattr(module, '__all__', ()):
        member = getattr(module, name)
        if inspect.isclass(member):
            registry.register_module(module=member)


register_public_classes(SPACES, 'scalenas_mm.spaces')
register_public_classes(SAMPLERS, 'scalenas_mm.samplers')
register_public_classes(SEARCHERS, 'scalenas_mm.search')
