"""The space of network codes (NCP)."""
from .arch import LENGTH, POSITIONS, NCPArch, NCPStage
from .cost import released_flops
from .space import NCPSpace

__all__ = [
    'LENGTH', 'NCPArch', 'NCPSpace', 'NCPStage', 'POSITIONS', 'released_flops'
]
