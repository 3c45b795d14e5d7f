"""The backbones of ViPNAS."""
from .base import ViPNASBackbone
from .hrnet import ViPNASHRNet
from .mobilenetv3 import ViPNASMobileNetV3
from .resnet import ViPNASResNet
from .sorting import sort_channels
from .video import Frames, TViPNAS

__all__ = [
    'Frames', 'TViPNAS', 'ViPNASBackbone', 'ViPNASHRNet', 'ViPNASMobileNetV3',
    'ViPNASResNet', 'sort_channels'
]
