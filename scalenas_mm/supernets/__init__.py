"""Wrappers that train one set of weights for many architectures."""
from .distillation import Distillation, capture, frozen_statistics
from .one_shot import OneShotSupernet

__all__ = ['Distillation', 'OneShotSupernet', 'capture', 'frozen_statistics']
