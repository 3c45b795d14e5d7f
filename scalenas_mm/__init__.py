"""Neural architecture search for high-resolution backbones in OpenMMLab."""
from .version import __version__

__all__ = ['__version__']
