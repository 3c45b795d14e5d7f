"""The spatial space of ViPNAS."""
from .arch import ViPNASArch, ViPNASBranch, ViPNASHead, ViPNASStage
from .cost_model import ElasticHeadCost, ViPNASCostModel
from .space import ViPNASSpace

__all__ = [
    'ElasticHeadCost', 'ViPNASArch', 'ViPNASBranch', 'ViPNASCostModel',
    'ViPNASHead', 'ViPNASSpace', 'ViPNASStage'
]
