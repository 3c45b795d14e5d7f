"""Layers that run with a part of their weights."""
from .attention import ElasticGC, ElasticSE
from .blocks import ElasticBasicBlock, ElasticBlock, ElasticBottleneck
from .conv import ElasticConv2d, ElasticConvTranspose2d, ElasticLinear
from .deconvs import ElasticDeconvs
from .fusion import (ElasticConvSequence, ElasticDownsample, ElasticUpsample,
                     elastic_fusion)
from .mobile import ElasticConvNorm, ElasticMobileBlock
from .norm import ElasticBatchNorm2d, elastic_norm
from .views import joined

__all__ = [
    'ElasticBasicBlock', 'ElasticBatchNorm2d', 'ElasticBlock',
    'ElasticBottleneck', 'ElasticConv2d', 'ElasticConvNorm',
    'ElasticConvSequence', 'ElasticConvTranspose2d', 'ElasticDeconvs',
    'ElasticDownsample', 'ElasticGC', 'ElasticLinear', 'ElasticMobileBlock',
    'ElasticSE', 'ElasticUpsample', 'joined', 'elastic_fusion', 'elastic_norm'
]
