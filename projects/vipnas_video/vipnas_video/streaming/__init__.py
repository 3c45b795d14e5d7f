"""Poses of persons in a stream of frames of any length."""
from .clock import Clock
from .costs import network_macs
from .crop import Crop
from .detector import Detector
from .inputs import GivenBoxes, WholeImage, read_boxes
from .networks import OnnxNetworks, TorchNetworks
from .persons import DetectedPersons, Person, box_overlaps, match_boxes
from .stream import Pose, PoseStream

__all__ = [
    'Clock', 'Crop', 'DetectedPersons', 'Detector', 'GivenBoxes',
    'OnnxNetworks', 'Person', 'Pose', 'PoseStream', 'TorchNetworks',
    'WholeImage', 'box_overlaps', 'match_boxes', 'network_macs', 'read_boxes'
]
