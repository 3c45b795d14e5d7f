"""Searchers: which architecture is evaluated next? Numpy only."""
from .archive import Archive
from .compare import Method, compare_searches
from .contrast import Contrast, contrast, rank_correlation
from .joint import (join_archives, joint_front, joint_meta, of_task,
                    read_tasks, task_meta)
from .listed import ListedSearch, read_archs
from .meta import differences
from .mismatch import mismatch
from .objectives import Constraints, Objectives
from .pareto import (crowding_distance, hypervolume, pareto_front,
                     running_hypervolume, select)
from .random_search import RandomSearch
from .reading import ArchiveError, check_meta, read_archive, read_meta
from .record import FAILED, OK, Record
from .searcher import Candidate, Draw, Searcher, SearchExhausted
from .topology import TopologyEvolution

__all__ = [
    'Archive', 'ArchiveError', 'Candidate', 'Constraints', 'Contrast', 'Draw',
    'FAILED', 'ListedSearch', 'Method', 'OK', 'Objectives', 'RandomSearch',
    'Record', 'SearchExhausted', 'Searcher', 'TopologyEvolution', 'check_meta',
    'compare_searches', 'contrast', 'crowding_distance', 'differences',
    'hypervolume', 'join_archives', 'joint_front', 'joint_meta', 'mismatch',
    'of_task', 'pareto_front', 'rank_correlation', 'read_archive',
    'read_archs', 'read_meta', 'read_tasks', 'running_hypervolume', 'select',
    'task_meta'
]
