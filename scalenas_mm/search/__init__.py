"""Searchers: which architecture is evaluated next? Numpy only."""
from .aging import AgingEvolution
from .archive import Archive
from .baselines import baseline_archs, baselines_path, read_baselines
from .compare import (Method, check_evaluation, compare_searches,
                      comparison_dict, mean_and_deviation, p_values)
from .contrast import Contrast, contrast, rank_correlation
from .joint import (join_archives, joint_front, joint_meta, of_task,
                    read_tasks, task_meta)
from .listed import ListedSearch, read_archs
from .local_search import LocalSearch
from .merge import Merged, merge_archives, merge_records
from .meta import differences
from .mismatch import mismatch
from .nsga2 import NSGA2
from .objectives import Constraints, Objectives
from .pareto import (crowded_ranks, crowding_distance, generational_distances,
                     hypervolume, pareto_front, running_hypervolume, select)
from .random_search import RandomSearch
from .reading import (ArchiveError, check_archs, check_meta, read_archive,
                      read_meta)
from .record import FAILED, OK, Record
from .searcher import Candidate, Draw, Searcher, SearchExhausted
from .significance import FEWEST, least_p, mann_whitney
from .stratified import StratifiedRandom
from .topology import TopologyEvolution

__all__ = [
    'AgingEvolution', 'Archive', 'ArchiveError', 'Candidate', 'Constraints',
    'Contrast', 'Draw', 'FAILED', 'FEWEST', 'ListedSearch', 'LocalSearch',
    'Merged', 'Method', 'NSGA2', 'OK', 'Objectives', 'RandomSearch', 'Record',
    'SearchExhausted', 'Searcher', 'StratifiedRandom', 'TopologyEvolution',
    'baseline_archs', 'baselines_path', 'check_archs', 'check_evaluation',
    'check_meta', 'compare_searches', 'comparison_dict', 'contrast',
    'crowded_ranks', 'crowding_distance', 'differences',
    'generational_distances', 'hypervolume', 'join_archives', 'joint_front',
    'joint_meta', 'least_p', 'mann_whitney', 'mean_and_deviation',
    'merge_archives', 'merge_records', 'mismatch', 'of_task', 'p_values',
    'pareto_front', 'rank_correlation', 'read_archive', 'read_archs',
    'read_baselines', 'read_meta', 'read_tasks', 'running_hypervolume',
    'select', 'task_meta'
]
