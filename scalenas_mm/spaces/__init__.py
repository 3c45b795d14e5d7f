"""Search spaces: which architectures exist and what each one costs."""
from .arch import Arch, ArchError
from .cost import Complexity
from .scalenet import ScaleNetArch, ScaleNetModule
from .scalenet_space import ScaleNetSpace
from .space import ComplexityBatch, Space

__all__ = [
    'Arch', 'ArchError', 'Complexity', 'ComplexityBatch', 'ScaleNetArch',
    'ScaleNetModule', 'ScaleNetSpace', 'Space'
]
