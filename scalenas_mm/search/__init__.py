"""Searchers: which architecture is evaluated next? Numpy only."""
from .archive import Archive
from .joint import join_archives
from .listed import ListedSearch, read_archs
from .objectives import Constraints, Objectives
from .pareto import (crowding_distance, hypervolume, pareto_front,
                     running_hypervolume, select)
from .random_search import RandomSearch
from .reading import ArchiveError, check_meta, read_archive, read_meta
from .record import FAILED, OK, Record
from .searcher import Candidate, Draw, Searcher, SearchExhausted
from .topology import TopologyEvolution

__all__ = [
    'Archive', 'ArchiveError', 'Candidate', 'Constraints', 'Draw', 'FAILED',
    'ListedSearch', 'OK', 'Objectives', 'RandomSearch', 'Record',
    'SearchExhausted', 'Searcher', 'TopologyEvolution', 'check_meta',
    'crowding_distance', 'hypervolume', 'join_archives', 'pareto_front',
    'read_archive', 'read_archs', 'read_meta', 'running_hypervolume', 'select'
]
