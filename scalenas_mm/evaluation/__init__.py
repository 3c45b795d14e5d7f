"""Evaluation of candidates: statistics, metrics and measured cost."""
from .base import Evaluation, Outcome
from .batches import batches_digest, calibration_batches, seeded
from .counter import cost_model, count, rest_of_model
from .elastic import Elastic, Pool, PoolBroken, in_order
from .identity import evaluation_identity
from .per_rank import PerRank, build_evaluation
from .population import PopulationMajor
from .profile import NoProfile, Profile, profile_table
from .ranks import RankError, agree, alone, from_main, together
from .sample import (apart, blank_sample, first_sample, preprocessed,
                     resized_sample, run_tensor, tensors, unwrapped)
from .sequential import Sequential, quiet
from .statistics import (Statistics, calibrated, estimate_statistics,
                         local_norms, with_statistics)
from .weights import (common_digest, load_strictly, read_checkpoint,
                      weights_digest)

__all__ = [
    'Elastic', 'Evaluation', 'NoProfile', 'Outcome', 'PerRank', 'Pool',
    'PoolBroken', 'PopulationMajor', 'Profile', 'RankError', 'Sequential',
    'Statistics', 'agree', 'alone', 'apart', 'batches_digest', 'blank_sample',
    'build_evaluation', 'calibrated', 'calibration_batches', 'common_digest',
    'cost_model', 'count', 'estimate_statistics', 'evaluation_identity',
    'first_sample', 'from_main', 'in_order', 'load_strictly', 'local_norms',
    'preprocessed', 'profile_table', 'quiet', 'read_checkpoint',
    'resized_sample', 'rest_of_model', 'run_tensor', 'seeded', 'tensors',
    'together', 'unwrapped', 'weights_digest', 'with_statistics'
]
