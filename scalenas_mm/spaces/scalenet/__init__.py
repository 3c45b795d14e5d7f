"""The space of ScaleNets (ScaleNAS)."""
from .arch import ScaleNetArch, ScaleNetModule
from .space import ScaleNetSpace

__all__ = ['ScaleNetArch', 'ScaleNetModule', 'ScaleNetSpace']
