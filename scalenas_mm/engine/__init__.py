"""MMEngine loops and hooks, training of single networks and benchmarks."""
from .benchmark import DeviceLost, open_rows, train_missing
from .curve_hook import ValidationCurveHook
from .divergence_guard import DivergenceGuardHook, TrainingDiverged
from .dry_run import DryRunLoop
from .network_training import TrainedNetwork, train_network, training_identity
from .optimizers import RMSpropInside
from .param_groups import FewGroupsConstructor
from .search_hooks import SearchLoggerHook
from .search_loop import SearchLoop
from .shrink_archive import ShrinkArchiveHook
from .shrink_hook import ShrinkHook
from .sort_hook import SortChannelsHook
from .stopping import SearchStopped
from .subnet_loop import SubnetTestLoop, SubnetValLoop
from .worker_loop import WorkerLoop

__all__ = [
    'DeviceLost', 'DivergenceGuardHook', 'DryRunLoop', 'FewGroupsConstructor',
    'RMSpropInside', 'SearchLoggerHook', 'SearchLoop', 'SearchStopped',
    'ShrinkArchiveHook', 'ShrinkHook', 'SortChannelsHook', 'SubnetTestLoop',
    'SubnetValLoop', 'TrainedNetwork', 'TrainingDiverged',
    'ValidationCurveHook', 'WorkerLoop', 'open_rows', 'train_missing',
    'train_network', 'training_identity'
]
