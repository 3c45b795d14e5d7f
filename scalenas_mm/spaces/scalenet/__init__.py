"""The space of ScaleNets (ScaleNAS)."""
from .arch import ScaleNetArch, ScaleNetModule
from .space import ScaleNetSpace
from .wide import WideScaleNetSpace
from .wide_arch import WideScaleNetArch

__all__ = [
    'ScaleNetArch', 'ScaleNetModule', 'ScaleNetSpace', 'WideScaleNetArch',
    'WideScaleNetSpace'
]
