"""The space of convolutions and lightweight transformers (HR-NAS)."""
from .arch import HRNASArch
from .layout import BlockPlace
from .space import HRNASSpace
from .transformer import PAPER, RELEASED, TransformerSettings

__all__ = [
    'BlockPlace', 'HRNASArch', 'HRNASSpace', 'PAPER', 'RELEASED',
    'TransformerSettings'
]
