"""Wrappers that train one set of weights for many architectures."""
from .averages import RampedAverage
from .distillation import Distillation
from .one_shot import OneShotSupernet
from .outputs import Outputs, capture
from .shrinking import ShrinkingSupernet
from .unit_penalty import UnitPenalty

__all__ = [
    'Distillation', 'OneShotSupernet', 'Outputs', 'RampedAverage',
    'ShrinkingSupernet', 'UnitPenalty', 'capture'
]
