"""What an ONNX file of this package says about itself.

Strings, by key, in the graph's ``metadata_props``; onnxruntime gives them as
``session.get_modelmeta().custom_metadata_map``.
"""
import json
from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence

from torch import nn

from scalenas_mm import __version__
from scalenas_mm.backbones import find_searchable
from scalenas_mm.evaluation import weights_digest
from .onnx_parts import OnnxPart, line
from .subnet import ExportError

FP32, INT8 = 'fp32', 'int8'


class OnnxInfo(NamedTuple):
    """What a file says.

    Attributes:
        part: ``model``, ``network``, ``key``, ``frame_1``, ...
        modules: Names of the modules of the model that are in it.
        precision: ``fp32`` or ``int8``.
        arch: The architecture, as JSON.
        digest: Of the architecture.
        weights: Digest of the weights of the whole model.
        input_size: Height and width that the graph was made with.
        dynamic: ``batch`` and ``size``, as far as they may differ from that.
        normalisation: ``mean`` and ``std`` of each channel, of values from 0
            to 255, and ``bgr_to_rgb``: whether the channels of an image that
            OpenCV reads are turned round; empty if it is none of images.
        classes: Their names, if the data name any.
        palette: Their colours.
    """
    part: str
    modules: Sequence[str]
    precision: str
    arch: Dict[str, Any]
    digest: str
    weights: str
    input_size: Sequence[int]
    dynamic: Sequence[str]
    normalisation: Dict[str, Any]
    classes: Sequence[str] = ()
    palette: Sequence[Sequence[int]] = ()


def info_of(model: nn.Module,
            part: OnnxPart,
            input_size: Sequence[int],
            dynamic: Sequence[str],
            metainfo: Optional[Mapping[str, Any]] = None) -> OnnxInfo:
    """What the file of a part is to say.

    Args:
        model (nn.Module): The model that it is a part of.
        part (OnnxPart): The part.
        input_size (Sequence[int]): Height and width.
        dynamic (Sequence[str]): ``batch``, ``size``.
        metainfo (Mapping, optional): Of the data set.
    """
    metainfo = metainfo or {}
    backbone = find_searchable(model)
    return OnnxInfo(
        part=part.name,
        modules=list(part.modules),
        precision=FP32,
        arch=backbone.arch.to_dict(),
        digest=backbone.arch.digest,
        weights=weights_digest(model),
        input_size=[int(side) for side in input_size],
        dynamic=list(dynamic),
        normalisation=normalisation(model),
        classes=list(metainfo.get('classes') or ()),
        palette=[[int(value) for value in colour]
                 for colour in metainfo.get('palette') or ()])


def normalisation(model: Any) -> Dict[str, Any]:
    """How the model's preprocessor normalises images; empty if it does not.
    """
    preprocessor = getattr(model, 'data_preprocessor', None)
    mean, std = (getattr(preprocessor, key, None) for key in ('mean', 'std'))
    if mean is None or std is None:
        return {}
    turned = any(
        getattr(preprocessor, name, False)
        for name in ('channel_conversion', '_channel_conversion'))
    return dict(
        mean=[float(f'{x:.6g}') for x in mean.flatten()],
        std=[float(f'{x:.6g}') for x in std.flatten()],
        bgr_to_rgb=bool(turned))


def put_info(graph: Any, info: OnnxInfo) -> None:
    """Write it into a loaded graph, in place."""
    import onnx
    texts = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in info._asdict().items()
    }
    onnx.helper.set_model_props(graph, dict(texts, scalenas_mm=__version__))


def info_from(texts: Mapping[str, str], path: Any) -> OnnxInfo:
    """Read it from the properties of a file.

    Args:
        texts (Mapping): Properties, by key.
        path (str | Path): Of the file, for messages.

    Raises:
        ExportError: The file is not one of this package, or of an older one.
    """
    missing = [key for key in OnnxInfo._fields if key not in texts]
    if missing:
        raise ExportError(f'{path} does not say its {missing[0]}: not written '
                          'by tools/export.py --onnx, or by an older version')
    strings = ('part', 'precision', 'digest', 'weights')
    try:
        values: Dict[str, Any] = {
            key: texts[key] if key in strings else json.loads(texts[key])
            for key in OnnxInfo._fields
        }
    except ValueError as error:
        raise ExportError(f'{path}: what the file says about itself cannot '
                          f'be read: {line(error)}') from None
    return OnnxInfo(**values)


def read_info(path: Path) -> OnnxInfo:
    """What a file says about itself.

    Raises:
        ExportError: It cannot be read, or says nothing.
    """
    import onnx
    try:
        graph = onnx.load(str(path))
    except FileNotFoundError:
        raise
    except Exception as error:  # of protobuf
        raise ExportError(
            f'{path}: not an ONNX file that can be read: {line(error)}'
        ) from None
    return info_from({one.key: one.value
                      for one in graph.metadata_props}, path)
