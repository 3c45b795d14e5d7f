"""Makers of small built-in data sets in real file formats, no download."""
from .demo_digits import CLASSES, PALETTE
from .demos import KINDS, make_demo, make_demo_digits
from .digit_scenes import DemoDigits
from .figure_scenes import DemoFigures
from .tiny import FORMATS, make_tiny
from .video_scenes import DemoVideos

__all__ = [
    'CLASSES', 'FORMATS', 'KINDS', 'PALETTE', 'DemoDigits', 'DemoFigures',
    'DemoVideos', 'make_demo', 'make_demo_digits', 'make_tiny'
]
