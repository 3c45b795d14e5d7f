"""Poses in videos with ViPNAS."""
from .dataset import PoseTrackClips, PoseTrackFrames
from .estimator import TViPNet
from .heads import TemporalHeads
from .pipeline import OnEachFrame
from .preprocessor import ClipPreprocessor

__all__ = [
    'ClipPreprocessor', 'OnEachFrame', 'PoseTrackClips', 'PoseTrackFrames',
    'TViPNet', 'TemporalHeads'
]
