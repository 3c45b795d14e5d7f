"""Backbones that turn an architecture into a network."""
from .base import SearchableBackbone, find_searchable
from .scalenet import MultiScaleModule, ScaleNet

__all__ = [
    'MultiScaleModule', 'ScaleNet', 'SearchableBackbone', 'find_searchable'
]
