"""Networks of a model as ONNX files, compared with torch before they are
left.

What becomes a file is in :mod:`.onnx_parts`, what a file says about itself in
:mod:`.onnx_meta`, the comparison in :mod:`.onnx_check`.
"""
import importlib.util
import warnings
from copy import deepcopy
from pathlib import Path
from typing import (Any, Callable, Dict, Iterator, List, Mapping, NamedTuple,
                    Optional, Sequence, Tuple)

import torch
from torch import Tensor, nn

from scalenas_mm.spaces import as_size
from .onnx_check import Check, compare, other_shapes
from .onnx_images import fitted, random_images
from .onnx_int8 import quantise
from .onnx_meta import FP32, INT8, OnnxInfo, info_of, put_info
from .onnx_parts import NETWORK, OnnxPart, line, onnx_parts
from .subnet import ExportError

OPSET = 17
OPSETS = range(13, 21)  # from channels with a scale each to torch's last
CHECKED_IMAGES = 8
PACKAGES = ('onnx', 'onnxruntime', 'onnxslim')


class OnnxOptions(NamedTuple):
    """How ONNX files are to be.

    Attributes:
        opset: Version of ONNX's operators, of ``OPSETS``.
        dynamic_batch: Any number of images; otherwise one.
        dynamic_size: Any height and width; otherwise those of the search.
        calibration_images: With so many images, an INT8 copy is written, of
            the whole model where there is such a file, else of all files;
            none with 0.
    """
    opset: int = OPSET
    dynamic_batch: bool = False
    dynamic_size: bool = False
    calibration_images: int = 0

    @property
    def dynamic(self) -> Tuple[str, ...]:
        """The names of what may differ: ``batch``, ``size``."""
        return ('batch', ) * self.dynamic_batch + ('size', ) * (
            self.dynamic_size)


class OnnxFile(NamedTuple):
    """A file that was written.

    Attributes:
        path: Where it was written.
        info: What it says about itself.
        check: How near it is to torch on ``images`` images.
        images: How many, and of what kind: ``8 images of the data``.
        others: How near on inputs of other batches and sizes, noise; None if
            it takes none.
        bytes: Its size.
        nodes: Of the graph as torch's exporter made it, and now.
    """
    path: Path
    info: OnnxInfo
    check: Check
    images: str
    others: Optional[Check]
    bytes: int
    nodes: Tuple[int, int]


def check_onnx() -> None:
    """See that what writes and checks the files is installed.

    Raises:
        ExportError: It is not.
    """
    missing = [name for name in PACKAGES if not importlib.util.find_spec(name)]
    if missing:
        raise ExportError(f'ONNX files need {" and ".join(missing)}: '
                          "pip install 'scalenas_mm[onnx]'")


def write_onnx_files(
        model: nn.Module,
        path: Path,
        input_size: Sequence[int],
        images: Sequence[Tensor] = (),
        options: OnnxOptions = OnnxOptions(),
        calibration: Callable[[], Sequence[Tensor]] = tuple,
        metainfo: Optional[Mapping[str, Any]] = None) -> Dict[str, OnnxFile]:
    """Write and check ``PATH.network.onnx`` and, where one head gives all
    outputs, ``PATH.onnx``; of a video model ``PATH.key.onnx``,
    ``PATH.frame_1.onnx``, ... INT8 files end in ``.int8.onnx``.

    Args:
        model (nn.Module): With a fixed architecture. It stays as it is.
        path (Path): Without a suffix, in a folder that exists.
        input_size (Sequence[int]): Height and width of an image.
        images (Sequence[Tensor]): Of :func:`.onnx_images.network_inputs`, to
            compare on; noise if there are none. They are resized to
            ``input_size``.
        options (OnnxOptions): How files are to be.
        calibration (Callable): Gives the images for INT8, likewise.
        metainfo (Mapping, optional): Of the data set.

    Returns:
        dict[str, OnnxFile]: By file name.

    Raises:
        ExportError: A file cannot be made, or outputs by onnxruntime differ
            from those of torch: see :func:`.onnx_check.compare`. No file is
            left.
    """
    check_onnx()
    model = deepcopy(model).cpu().eval()
    found: Dict[str, OnnxFile] = {}
    written: List[Path] = []
    try:
        for one in _files(model, path, as_size(input_size), images, options,
                          calibration, metainfo, written):
            found[one.path.name] = one
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        raise
    return found


def _files(model: nn.Module, path: Path, size: Tuple[int, int],
           images: Sequence[Tensor], options: OnnxOptions,
           calibration: Callable[[], Sequence[Tensor]],
           metainfo: Optional[Mapping[str, Any]],
           written: List[Path]) -> Iterator[OnnxFile]:
    """Files one by one; ``written`` gets the name of each before it is."""
    # others than those that a graph is traced with, which is of one image
    tests = fitted(images, size) or [random_images(model, size, 2, 1)]
    kind = f'{len(images)} images of the data' if images else '2 of noise'
    traced = onnx_parts(model, random_images(model, size))
    checked = onnx_parts(model, torch.cat(tests))
    told = fitted(calibration(), size) if options.calibration_images else []
    learned = onnx_parts(model, torch.cat(told)) if told else []
    for i, (part, test) in enumerate(zip(traced, checked)):
        file = path.with_name(f'{path.name}{part.suffix}.onnx')
        written.append(file)
        info = info_of(model, part, size, options.dynamic, metainfo)
        nodes = _write(part, file, info, options)
        check = compare(part, file, one_by_one(test))
        others = other_shapes(part, options.dynamic)
        yield OnnxFile(file, info, check, kind,
                       compare(part, file, others) if others else None,
                       file.stat().st_size, nodes)
        if learned and (part.name != NETWORK or part is traced[-1]):
            small = path.with_name(f'{path.name}{part.suffix}.int8.onnx')
            written.append(small)
            info = info._replace(precision=INT8)
            after = quantise(file, small, one_by_one(learned[i]), info)
            yield OnnxFile(
                small, info, compare(part, small, one_by_one(test), False),
                kind,
                compare(part, small, others, False) if others else None,
                small.stat().st_size, (nodes[0], after))


def one_by_one(part: OnnxPart) -> List[Dict[str, Tensor]]:
    """The inputs of a part, image by image."""
    num = len(next(iter(part.inputs.values())))
    return [{
        name: one[i:i + 1]
        for name, one in part.inputs.items()
    } for i in range(num)]


@torch.no_grad()
def _write(part: OnnxPart, path: Path, info: OnnxInfo,
           options: OnnxOptions) -> Tuple[int, int]:
    """Write a simplified graph; how many nodes it had, and has."""
    import onnx
    import onnxslim
    try:
        with warnings.catch_warnings():
            # dynamo's exporter takes ten times as long for the same graph
            warnings.simplefilter('ignore')
            torch.onnx.export(
                part.network,
                tuple(part.inputs.values()),
                str(path),
                dynamo=False,
                opset_version=options.opset,
                input_names=list(part.inputs),
                output_names=list(part.outputs),
                dynamic_axes=_axes(part, options))
    except Exception as error:  # an operator that ONNX lacks, for one
        raise ExportError(
            f'{path.name} cannot be made, the network has no ONNX form: '
            f'{line(error)}') from error
    plain = onnx.load(str(path))
    graph = onnxslim.slim(plain)
    put_info(graph, info)
    onnx.save(graph, str(path))
    return len(plain.graph.node), len(graph.graph.node)


def _axes(part: OnnxPart, options: OnnxOptions) -> Dict[str, Dict[int, str]]:
    batch = {0: 'batch'} if options.dynamic_batch else {}
    axes = {}
    for name in part.inputs:
        axes[name] = dict(batch)
        if options.dynamic_size:
            axes[name].update({2: f'{name}_height', 3: f'{name}_width'})
    # sizes of outputs follow from the graph
    axes.update({name: dict(batch) for name in part.outputs})
    return axes


__all__ = [
    'CHECKED_IMAGES', 'FP32', 'INT8', 'OPSET', 'OPSETS', 'OnnxFile',
    'OnnxOptions', 'check_onnx', 'one_by_one', 'write_onnx_files'
]
