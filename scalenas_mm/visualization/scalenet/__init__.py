"""Drawings of ScaleNets."""
from scalenas_mm.spaces import ScaleNetSpace
from ..drawings import draw_arch
from .topology import draw_topology

draw_arch.register(ScaleNetSpace, draw_topology)

__all__ = ['draw_topology']
