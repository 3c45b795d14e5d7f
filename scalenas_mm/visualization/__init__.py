"""Topology drawings, Pareto fronts, predictions and search reports.

Also the figures of NCP: codes, their traces, and rank correlations.
"""
from .ncp_codes import draw_codes
from .ncp_matrix import draw_matrix
from .ncp_ranks import draw_ranks
from .ncp_trace import CodeTrace, draw_code_traces
from .pareto import plot_pareto, plot_progress
from .pareto_data import load_records
from .predictions import draw_predictions
from .report import ExportedNetwork, Report, write_report
from .scalenet import draw_topology

__all__ = [
    'CodeTrace', 'ExportedNetwork', 'Report', 'draw_code_traces', 'draw_codes',
    'draw_matrix', 'draw_predictions', 'draw_ranks', 'draw_topology',
    'load_records', 'plot_pareto', 'plot_progress', 'write_report'
]
