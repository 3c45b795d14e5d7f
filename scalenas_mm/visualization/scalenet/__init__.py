"""Drawings of ScaleNets."""
from .topology import draw_topology

__all__ = ['draw_topology']
