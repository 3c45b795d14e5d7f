"""From an architecture and supernet weights to an ordinary model."""
from .config import inheriting_config, standalone_config, task_config
from .subnet import ExportError, Subnet, cut, fixed_cfg

__all__ = [
    'ExportError', 'Subnet', 'cut', 'fixed_cfg', 'inheriting_config',
    'standalone_config', 'task_config'
]
