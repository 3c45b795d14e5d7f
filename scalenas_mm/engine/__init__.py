"""MMEngine loops and hooks."""
from .search_hooks import SearchLoggerHook
from .search_loop import SearchLoop
from .subnet_loop import SubnetTestLoop, SubnetValLoop

__all__ = ['SearchLoggerHook', 'SearchLoop', 'SubnetTestLoop', 'SubnetValLoop']
