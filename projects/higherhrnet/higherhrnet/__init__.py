"""Bottom-up pose estimation with HigherHRNet, for any backbone."""
from .augmentation import HigherHRNetAffine
from .codec import HigherResolutionHeatmaps
from .cost import published_complexity
from .head import HigherResolutionHead
from .losses import PullPushLoss
from .masks import HeatmapMasks

__all__ = [
    'HeatmapMasks', 'HigherHRNetAffine', 'HigherResolutionHead',
    'HigherResolutionHeatmaps', 'PullPushLoss', 'published_complexity'
]
