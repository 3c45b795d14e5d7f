"""MMEngine loops and hooks, and training of single networks."""
from .curve_hook import ValidationCurveHook
from .network_training import TrainedNetwork, train_network, training_identity
from .search_hooks import SearchLoggerHook
from .search_loop import SearchLoop
from .subnet_loop import SubnetTestLoop, SubnetValLoop

__all__ = [
    'SearchLoggerHook', 'SearchLoop', 'SubnetTestLoop', 'SubnetValLoop',
    'TrainedNetwork', 'ValidationCurveHook', 'train_network',
    'training_identity'
]
