"""From an architecture and supernet weights to an ordinary model."""
from .backbone import backbone_name, export_backbone
from .candidates import Source, export_candidate, open_source
from .config import inheriting_config, standalone_config, task_config
from .onnx_check import Check, open_session
from .onnx_files import (CHECKED_IMAGES, OPSET, OPSETS, OnnxFile, OnnxOptions,
                         check_onnx, write_onnx_files)
from .onnx_images import fitted, images_of, network_inputs, random_images
from .onnx_meta import FP32, INT8, OnnxInfo, read_info
from .onnx_model import OnnxNetwork, use_onnx
from .onnx_parts import OnnxPart, is_video, onnx_parts, without_head
from .shrunk import ShrunkSource, open_shrunk
from .subnet import ExportError, Subnet, cut, fixed_cfg, load_part, selected
from .vipnas_mmpose import (from_mmpose, mmpose_backbone, mmpose_model,
                            to_mmpose)
from .vipnas_shapes import arch_of, family_of

__all__ = [
    'CHECKED_IMAGES', 'Check', 'ExportError', 'FP32', 'INT8', 'OPSET',
    'OPSETS', 'OnnxFile', 'OnnxInfo', 'OnnxNetwork', 'OnnxOptions', 'OnnxPart',
    'ShrunkSource', 'Source', 'Subnet', 'arch_of', 'backbone_name',
    'check_onnx', 'cut', 'export_backbone', 'export_candidate', 'family_of',
    'fitted', 'fixed_cfg', 'from_mmpose', 'images_of', 'inheriting_config',
    'is_video', 'load_part', 'mmpose_backbone', 'mmpose_model',
    'network_inputs', 'onnx_parts', 'open_session', 'open_shrunk',
    'open_source', 'random_images', 'read_info', 'selected',
    'standalone_config', 'task_config', 'to_mmpose', 'use_onnx',
    'without_head', 'write_onnx_files'
]
