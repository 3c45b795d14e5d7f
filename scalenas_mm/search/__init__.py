"""Searchers: which architecture is evaluated next? Numpy only."""
from .aging import AgingEvolution
from .archive import Archive
from .compare import Method, compare_searches
from .contrast import Contrast, contrast, rank_correlation
from .joint import (join_archives, joint_front, joint_meta, of_task,
                    read_tasks, task_meta)
from .listed import ListedSearch, read_archs
from .local_search import LocalSearch
from .meta import differences
from .mismatch import mismatch
from .nsga2 import NSGA2
from .objectives import Constraints, Objectives
from .pareto import (crowded_ranks, crowding_distance, hypervolume,
                     pareto_front, running_hypervolume, select)
from .random_search import RandomSearch
from .reading import ArchiveError, check_meta, read_archive, read_meta
from .record import FAILED, OK, Record
from .searcher import Candidate, Draw, Searcher, SearchExhausted
from .stratified import StratifiedRandom
from .topology import TopologyEvolution

__all__ = [
    'AgingEvolution', 'Archive', 'ArchiveError', 'Candidate', 'Constraints',
    'Contrast', 'Draw', 'FAILED', 'ListedSearch', 'LocalSearch', 'Method',
    'NSGA2', 'OK', 'Objectives', 'RandomSearch', 'Record', 'SearchExhausted',
    'Searcher', 'StratifiedRandom', 'TopologyEvolution', 'check_meta',
    'compare_searches', 'contrast', 'crowded_ranks', 'crowding_distance',
    'differences', 'hypervolume', 'join_archives', 'joint_front', 'joint_meta',
    'mismatch', 'of_task', 'pareto_front', 'rank_correlation', 'read_archive',
    'read_archs', 'read_meta', 'read_tasks', 'running_hypervolume', 'select',
    'task_meta'
]
