"""Figures of NCP: codes, their traces, and rank correlations."""
from .codes import draw_codes
from .matrix import draw_matrix
from .ranks import draw_ranks
from .trace import CodeTrace, draw_code_traces

__all__ = [
    'CodeTrace', 'draw_code_traces', 'draw_codes', 'draw_matrix', 'draw_ranks'
]
