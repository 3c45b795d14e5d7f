"""Video recognition with NCP's networks."""
from .clips import FrameFolders, LoadClip
from .cost import frame_complexity, temporal_complexity, video_complexity
from .net import NCPVideoNet

__all__ = [
    'FrameFolders', 'LoadClip', 'NCPVideoNet', 'frame_complexity',
    'temporal_complexity', 'video_complexity'
]
