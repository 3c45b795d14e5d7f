"""Backbones that turn an architecture into a network."""
from .base import (FIXED, SHARED, SHRINKING, Index, SearchableBackbone,
                   find_searchable, model_parts, plain_cfg, searchable_cfg,
                   searchable_path)
from .hrnas import HRNAS
from .hrnas_init import HRNASInit
from .multi_scale import MultiScaleModule
from .ncp import NCPBlock, NCPNet
from .scalenet import ScaleNet
from .transformer_plugin import TransformerPlugin

__all__ = [
    'FIXED', 'HRNAS', 'HRNASInit', 'Index', 'MultiScaleModule', 'NCPBlock',
    'NCPNet', 'SHARED', 'SHRINKING', 'ScaleNet', 'SearchableBackbone',
    'TransformerPlugin', 'find_searchable', 'model_parts', 'plain_cfg',
    'searchable_cfg', 'searchable_path'
]
