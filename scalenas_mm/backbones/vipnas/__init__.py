"""The backbones of ViPNAS."""
from .base import ViPNASBackbone
from .hrnet import ViPNASHRNet
from .mobilenetv3 import ViPNASMobileNetV3
from .resnet import ViPNASResNet

__all__ = [
    'ViPNASBackbone', 'ViPNASHRNet', 'ViPNASMobileNetV3', 'ViPNASResNet'
]
