"""Layers the searchable backbones are made of."""
from .elastic import (ElasticBasicBlock, ElasticBatchNorm2d, ElasticBottleneck,
                      ElasticConv2d, ElasticConvNorm, ElasticConvSequence,
                      ElasticConvTranspose2d, ElasticDeconvs,
                      ElasticDownsample, ElasticGC, ElasticLinear,
                      ElasticMobileBlock, ElasticSE, ElasticUpsample,
                      elastic_fusion, elastic_norm, joined)
from .fusion import Downsample, Upsample, build_fusion, conv_norm
from .lightweight_transformer import LightweightTransformer
from .mix_conv import MixConv, SqueezeExcitation, build_activation
from .recompute import frozen_statistics, recomputed
from .residual import BasicBlock, Bottleneck
from .resize import enlarge
from .searching_block import SearchingBlock
from .sums import add_to, rectified_total, total
from .temporal_fusion import TemporalFusion

__all__ = [
    'BasicBlock', 'Bottleneck', 'Downsample', 'ElasticBasicBlock',
    'ElasticBatchNorm2d', 'ElasticBottleneck', 'ElasticConv2d',
    'ElasticConvNorm', 'ElasticConvSequence', 'ElasticConvTranspose2d',
    'ElasticDeconvs', 'ElasticDownsample', 'ElasticGC', 'ElasticLinear',
    'ElasticMobileBlock', 'ElasticSE', 'ElasticUpsample',
    'LightweightTransformer', 'MixConv', 'SearchingBlock', 'SqueezeExcitation',
    'TemporalFusion', 'Upsample', 'add_to', 'build_activation', 'build_fusion',
    'conv_norm', 'elastic_fusion', 'elastic_norm', 'enlarge',
    'frozen_statistics', 'joined', 'recomputed', 'rectified_total', 'total'
]
