"""The space of NAS-Bench-201's cells."""
from .arch import EDGES, OPERATIONS, NASBench201Arch
from .space import NASBench201Space

__all__ = ['EDGES', 'NASBench201Arch', 'NASBench201Space', 'OPERATIONS']
