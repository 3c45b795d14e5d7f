"""MMEngine loops and hooks, training of single networks and benchmarks."""
from .benchmark import DeviceLost, open_rows, train_missing
from .curve_hook import ValidationCurveHook
from .network_training import TrainedNetwork, train_network, training_identity
from .optimizers import RMSpropInside
from .search_hooks import SearchLoggerHook
from .search_loop import SearchLoop
from .shrink_archive import ShrinkArchiveHook
from .shrink_hook import ShrinkHook
from .sort_hook import SortChannelsHook
from .stopping import SearchStopped
from .subnet_loop import SubnetTestLoop, SubnetValLoop

__all__ = [
    'DeviceLost', 'RMSpropInside', 'SearchLoggerHook', 'SearchLoop',
    'SearchStopped', 'ShrinkArchiveHook', 'ShrinkHook', 'SortChannelsHook',
    'SubnetTestLoop', 'SubnetValLoop', 'TrainedNetwork', 'ValidationCurveHook',
    'open_rows', 'train_missing', 'train_network', 'training_identity'
]
