"""Wrappers that train one set of weights for many architectures."""
from .distillation import Distillation, frozen_statistics
from .one_shot import OneShotSupernet
from .outputs import Outputs, capture

__all__ = [
    'Distillation', 'OneShotSupernet', 'Outputs', 'capture',
    'frozen_statistics'
]
