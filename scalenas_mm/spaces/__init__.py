"""Search spaces: which architectures exist and what each one costs."""
from .arch import Arch
from .cost import Complexity, ComplexityBatch
from .cost_model import CostModel
from .errors import ArchError, InputError, SettingError
from .hrnas import BlockPlace, HRNASArch, HRNASSpace, TransformerSettings
from .nas_bench_201 import NASBench201Arch, NASBench201Space
from .ncp import NCPArch, NCPSpace, NCPStage, released_flops
from .scalenet import (ScaleNetArch, ScaleNetModule, ScaleNetSpace,
                       WideScaleNetArch, WideScaleNetSpace)
from .slopes import cost_slopes, neighbours
from .space import GENE_DTYPE, Space, as_size
from .tvipnas import (ElasticHeadsCost, TViPNASArch, TViPNASCostModel,
                      TViPNASFrame, TViPNASSpace)
from .vipnas import (ElasticHeadCost, ViPNASArch, ViPNASBranch,
                     ViPNASCostModel, ViPNASHead, ViPNASSpace, ViPNASStage)

__all__ = [
    'Arch', 'ArchError', 'Complexity', 'ComplexityBatch', 'CostModel',
    'BlockPlace', 'HRNASArch', 'HRNASSpace', 'TransformerSettings',
    'GENE_DTYPE', 'InputError', 'NASBench201Arch', 'NASBench201Space',
    'NCPArch', 'NCPSpace', 'NCPStage', 'ScaleNetArch', 'ScaleNetModule',
    'ScaleNetSpace', 'SettingError', 'Space', 'ViPNASArch', 'ViPNASBranch',
    'ViPNASCostModel', 'ViPNASHead', 'ViPNASSpace', 'ViPNASStage',
    'WideScaleNetArch', 'WideScaleNetSpace', 'as_size', 'cost_slopes',
    'neighbours', 'released_flops', 'ElasticHeadCost', 'ElasticHeadsCost',
    'TViPNASArch', 'TViPNASCostModel', 'TViPNASFrame', 'TViPNASSpace'
]
