"""The version of the package, read from here by setup.py, and of what a
result depends on."""
from typing import Dict

__version__ = '0.1.0'


def versions() -> Dict[str, str]:
    """Versions of Python, this package and, of those installed, torch, numpy
    and MMEngine: what to store beside a result. Imports none of them."""
    import platform
    from importlib.metadata import PackageNotFoundError, version
    found = dict(python=platform.python_version(), scalenas_mm=__version__)
    for name in ('torch', 'numpy', 'mmengine'):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            pass
    return found
