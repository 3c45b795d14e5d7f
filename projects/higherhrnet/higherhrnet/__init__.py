"""Bottom-up pose estimation with HigherHRNet, for any backbone."""
from .head import HigherResolutionHead

__all__ = ['HigherResolutionHead']
