"""Layers the searchable backbones are made of."""
from .fusion import Downsample, Upsample, build_fusion, conv_norm
from .lightweight_transformer import LightweightTransformer
from .residual import BasicBlock, Bottleneck

__all__ = [
    'BasicBlock', 'Bottleneck', 'Downsample', 'LightweightTransformer',
    'Upsample', 'build_fusion', 'conv_norm'
]
