"""Metrics that the task libraries lack, for any of their configs."""
from .size_aware_iou import SizeAwareIoU

__all__ = ['SizeAwareIoU']
