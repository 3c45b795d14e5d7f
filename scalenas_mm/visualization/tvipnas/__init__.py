"""Drawings of ViPNAS on videos."""
from .frame_costs import draw_frame_costs
from .frames import draw_frames

__all__ = ['draw_frame_costs', 'draw_frames']
