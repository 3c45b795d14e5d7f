"""The space of convolutions and lightweight transformers (HR-NAS)."""
from .arch import HRNASArch
from .cost import se_channels
from .layout import BlockPlace
from .polynomial import UnitCosts
from .released import arch_from_rows
from .space import HRNASSpace
from .transformer import PAPER, RELEASED, TransformerSettings

__all__ = [
    'BlockPlace', 'HRNASArch', 'HRNASSpace', 'PAPER', 'RELEASED',
    'TransformerSettings', 'UnitCosts', 'arch_from_rows', 'se_channels'
]
