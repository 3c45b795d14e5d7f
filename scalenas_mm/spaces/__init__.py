"""Search spaces: which architectures exist and what each one costs."""
from .arch import Arch, ArchError
from .cost import Complexity
from .cost_model import COST_KEYS, CostModel
from .scalenet import ScaleNetArch, ScaleNetModule
from .scalenet_space import ScaleNetSpace
from .space import ComplexityBatch, Space, as_size

__all__ = [
    'Arch', 'ArchError', 'COST_KEYS', 'Complexity', 'ComplexityBatch',
    'CostModel', 'ScaleNetArch', 'ScaleNetModule', 'ScaleNetSpace', 'Space',
    'as_size'
]
