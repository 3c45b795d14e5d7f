"""Search spaces: which architectures exist and what each one costs."""
from .arch import Arch, ArchError
from .cost import Complexity
from .cost_model import COST_KEYS, CostModel
from .nas_bench_201 import NASBench201Arch
from .nas_bench_201_space import NASBench201Space
from .ncp import NCPArch, NCPStage
from .ncp_cost import released_flops
from .ncp_space import NCPSpace
from .scalenet import ScaleNetArch, ScaleNetModule
from .scalenet_space import ScaleNetSpace
from .space import ComplexityBatch, Space, as_size

__all__ = [
    'Arch', 'ArchError', 'COST_KEYS', 'Complexity', 'ComplexityBatch',
    'CostModel', 'NASBench201Arch', 'NASBench201Space', 'NCPArch', 'NCPSpace',
    'NCPStage', 'ScaleNetArch', 'ScaleNetModule', 'ScaleNetSpace', 'Space',
    'as_size', 'released_flops'
]
