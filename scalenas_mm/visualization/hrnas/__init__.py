"""Drawings of HR-NAS networks."""
from .network import draw_searching_blocks

__all__ = ['draw_searching_blocks']
