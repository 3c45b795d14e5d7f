"""Metrics that the task libraries lack, for any of their configs."""
from .posetrack_metric import PoseTrackMetric
from .size_aware_iou import SizeAwareIoU

__all__ = ['PoseTrackMetric', 'SizeAwareIoU']
