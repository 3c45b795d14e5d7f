"""Backbones that turn an architecture into a network."""
from .base import (FIXED, SHARED, SHRINKING, Index, Maps, SearchableBackbone,
                   find_searchable, followers, model_parts, plain_cfg,
                   plain_followers, searchable_cfg, searchable_path)
from .hrnas import HRNAS
from .hrnas_init import HRNASInit
from .multi_scale import MultiScaleModule
from .ncp import NCPBlock, NCPNet
from .scalenet import ScaleNet
from .transformer_plugin import TransformerPlugin
from .vipnas import (Frames, TViPNAS, ViPNASBackbone, ViPNASHRNet,
                     ViPNASMobileNetV3, ViPNASResNet)

__all__ = [
    'FIXED', 'Frames', 'HRNAS', 'HRNASInit', 'Index', 'Maps',
    'MultiScaleModule', 'NCPBlock', 'NCPNet', 'SHARED', 'SHRINKING',
    'ScaleNet', 'SearchableBackbone', 'TViPNAS', 'TransformerPlugin',
    'ViPNASBackbone', 'ViPNASHRNet', 'ViPNASMobileNetV3', 'ViPNASResNet',
    'find_searchable', 'followers', 'model_parts', 'plain_cfg',
    'plain_followers', 'searchable_cfg', 'searchable_path'
]
