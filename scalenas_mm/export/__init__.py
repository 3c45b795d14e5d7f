"""From an architecture and supernet weights to an ordinary model."""
from .backbone import backbone_name, export_backbone
from .candidates import Source, export_candidate, open_source
from .config import inheriting_config, standalone_config, task_config
from .onnx_files import check_onnx, write_onnx_files
from .shrunk import ShrunkSource, open_shrunk
from .subnet import ExportError, Subnet, cut, fixed_cfg, load_part, selected
from .vipnas_mmpose import (from_mmpose, mmpose_backbone, mmpose_model,
                            to_mmpose)
from .vipnas_shapes import arch_of, family_of

__all__ = [
    'ExportError', 'ShrunkSource', 'Source', 'Subnet', 'arch_of',
    'backbone_name', 'check_onnx', 'cut', 'export_backbone',
    'export_candidate', 'family_of', 'fixed_cfg', 'from_mmpose',
    'inheriting_config', 'load_part', 'mmpose_backbone', 'mmpose_model',
    'open_shrunk', 'open_source', 'selected', 'standalone_config',
    'task_config', 'to_mmpose', 'write_onnx_files'
]
