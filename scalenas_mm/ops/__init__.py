"""Layers the searchable backbones are made of."""
from .fusion import Downsample, Upsample, build_fusion, conv_norm
from .lightweight_transformer import LightweightTransformer
from .mix_conv import MixConv, SqueezeExcitation, build_activation
from .residual import BasicBlock, Bottleneck
from .searching_block import SearchingBlock

__all__ = [
    'BasicBlock', 'Bottleneck', 'Downsample', 'LightweightTransformer',
    'MixConv', 'SearchingBlock', 'SqueezeExcitation', 'Upsample',
    'build_activation', 'build_fusion', 'conv_norm'
]
