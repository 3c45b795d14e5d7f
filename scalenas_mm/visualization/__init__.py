"""Drawings, Pareto fronts, predictions and search reports.

The modules are imported when a name is first used: they load matplotlib or
pandas, and the hook in this package is imported by every search.
"""
from importlib import import_module
from typing import Any

_MODULES = dict(
    ExportedNetwork='report',
    Report='report',
    draw_arch='drawings',
    draw_frame_costs='tvipnas',
    draw_frames='tvipnas',
    draw_searching_blocks='hrnas',
    draw_sheet='sheet',
    draw_stages='vipnas',
    draw_topology='scalenet',
    has_drawing='drawings',
    load_records='pareto_data',
    plot_comparison='comparison',
    plot_fronts='fronts',
    plot_pareto='pareto',
    plot_progress='pareto',
    plot_trajectory='trajectory',
    read_fronts='fronts_data',
    read_source='search_report',
    references='pareto_data',
    render_page='search_report',
    write_page='search_report',
    write_report='report',
    write_study='optuna_study')

__all__ = [
    'ExportedNetwork', 'Report', 'draw_arch', 'draw_frame_costs',
    'draw_frames', 'draw_searching_blocks', 'draw_sheet', 'draw_stages',
    'draw_topology', 'has_drawing', 'load_records', 'plot_comparison',
    'plot_fronts', 'plot_pareto', 'plot_progress', 'plot_trajectory',
    'read_fronts', 'read_source', 'references', 'render_page', 'write_page',
    'write_report', 'write_study'
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'.{_MODULES[name]}', __name__), name)
