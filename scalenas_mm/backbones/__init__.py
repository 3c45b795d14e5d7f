"""Backbones that turn an architecture into a network."""
from .base import SearchableBackbone, find_searchable
from .ncp import NCPBlock, NCPNet
from .scalenet import MultiScaleModule, ScaleNet

__all__ = [
    'MultiScaleModule', 'NCPBlock', 'NCPNet', 'ScaleNet', 'SearchableBackbone',
    'find_searchable'
]
