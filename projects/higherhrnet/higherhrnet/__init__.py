"""Bottom-up pose estimation with HigherHRNet, for any backbone."""
from .augmentation import HigherHRNetAffine
from .codec import HigherResolutionHeatmaps
from .cost import published_complexity
from .estimator import HigherHRNet
from .grouping import Grouping
from .head import HigherResolutionHead
from .losses import PullPushLoss
from .masks import HeatmapMasks
from .preprocessor import ScalesDataPreprocessor
from .resize import HigherHRNetResize, PackScales

__all__ = [
    'Grouping', 'HeatmapMasks', 'HigherHRNet', 'HigherHRNetAffine',
    'HigherHRNetResize', 'HigherResolutionHead', 'HigherResolutionHeatmaps',
    'PackScales', 'PullPushLoss', 'ScalesDataPreprocessor',
    'published_complexity'
]
