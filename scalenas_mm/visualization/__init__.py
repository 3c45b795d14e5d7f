"""Topology drawings, Pareto fronts, predictions and search reports."""
from .pareto import plot_pareto, plot_progress
from .pareto_data import load_records
from .predictions import draw_predictions
from .report import ExportedNetwork, Report, write_report
from .scalenet import draw_topology

__all__ = [
    'ExportedNetwork', 'Report', 'draw_predictions', 'draw_topology',
    'load_records', 'plot_pareto', 'plot_progress', 'write_report'
]
