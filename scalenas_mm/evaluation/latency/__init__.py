"""Times of networks on a machine: tables of operators."""
from .backends import PRECISIONS, Backend, device_name
from .build import Task, build_table

__all__ = ['PRECISIONS', 'Backend', 'Task', 'build_table', 'device_name']
