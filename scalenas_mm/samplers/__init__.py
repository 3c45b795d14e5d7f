"""Samplers: which architectures does a training step use?"""
from .grouped import GroupedSampler
from .sampler import Draw, Sampler
from .sandwich import SandwichSampler
from .uniform import UniformSampler

__all__ = [
    'Draw', 'GroupedSampler', 'Sampler', 'SandwichSampler', 'UniformSampler'
]
