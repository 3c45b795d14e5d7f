"""Times of networks on a machine: tables of operators."""
from .backends import PRECISIONS, Backend, device_name
from .build import Task, build_table, unfinished
from .options import backbone_options, check_options

__all__ = [
    'PRECISIONS', 'Backend', 'Task', 'backbone_options', 'build_table',
    'check_options', 'device_name', 'unfinished'
]
