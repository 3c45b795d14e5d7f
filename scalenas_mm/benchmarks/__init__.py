"""Benchmarks: tables of architectures that were trained and measured."""
from .archives import space_from_dict
from .codes import BenchmarkError, as_code
from .nas_bench_mr import NASBenchMR
from .readers import read_table
from .rows import Rows, main_first
from .sampling import draw, narrowed
from .settings import KNOWN, PAPER, Setting
from .table import ArchTable

__all__ = [
    'ArchTable', 'BenchmarkError', 'KNOWN', 'NASBenchMR', 'PAPER', 'Rows',
    'Setting', 'as_code', 'draw', 'main_first', 'narrowed', 'read_table',
    'space_from_dict'
]
