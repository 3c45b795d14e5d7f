"""Makers of small built-in data sets in real file formats, no download."""
from .demo_digits import CLASSES, PALETTE, make_demo_digits
from .digit_scenes import DemoDigits

__all__ = ['CLASSES', 'PALETTE', 'DemoDigits', 'make_demo_digits']
