"""Neural predictors of architectures, and network coding propagation."""
from .checkpoint import PredictorError, load_predictor, save_predictor
from .features import choose_features
from .fit import fit_predictor, judge
from .joint import Proposal, joint_costs, propose_jointly
from .limits import CostLimits
from .mlp import MultiMetricMLP
from .propagation import NetworkCodingPropagation, Propagation
from .searcher import NCPSearcher
from .targets import Target, Task, efficiency_targets

__all__ = [
    'CostLimits', 'MultiMetricMLP', 'NCPSearcher', 'NetworkCodingPropagation',
    'PredictorError', 'Propagation', 'Proposal', 'Target', 'Task',
    'choose_features', 'efficiency_targets', 'fit_predictor', 'judge',
    'load_predictor', 'joint_costs', 'propose_jointly', 'save_predictor'
]
