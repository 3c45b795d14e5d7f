"""ViPNAS on videos."""
from .arch import NONE, OPERATIONS, TViPNASArch, TViPNASFrame
from .cost_model import ElasticHeadsCost, TViPNASCostModel
from .space import TViPNASSpace

__all__ = [
    'ElasticHeadsCost', 'NONE', 'OPERATIONS', 'TViPNASArch',
    'TViPNASCostModel', 'TViPNASFrame', 'TViPNASSpace'
]
