"""Drawings of ViPNAS networks."""
from .stages import draw_stages

__all__ = ['draw_stages']
