"""INT8 copies of ONNX files, by onnxruntime's static quantisation."""
import logging
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, Iterator, Optional, Sequence

from torch import Tensor

from .onnx_meta import OnnxInfo, put_info
from .onnx_parts import line
from .subnet import ExportError


def quantise(source: Path, target: Path, batches: Sequence[Dict[str, Tensor]],
             info: OnnxInfo) -> int:
    """Write an INT8 copy of a file.

    Activations are unsigned and have one scale a tensor, from the smallest to
    the largest value that the batches give; weights are signed, with a scale
    for each output channel, of seven bits, as sums of eight bits saturate on
    CPUs without VNNI. Everything stands in the graph as pairs of
    ``QuantizeLinear`` and ``DequantizeLinear``, which any runtime may read.

    Args:
        source (Path): A file of single precision.
        target (Path): Where the other one is to be.
        batches (Sequence[dict]): Preprocessed inputs, by name.
        info (OnnxInfo): What the file is to say about itself.

    Returns:
        int: How many nodes its graph has.

    Raises:
        ExportError: onnxruntime cannot do it.
    """
    import onnx
    with TemporaryDirectory(dir=target.parent) as scratch, _quiet():
        from onnxruntime.quantization import (QuantFormat, QuantType,
                                              quantize_static)
        from onnxruntime.quantization.shape_inference import quant_pre_process
        prepared = Path(scratch) / 'prepared.onnx'
        try:
            # symbolic shapes are for transformers, and take minutes here
            quant_pre_process(
                str(source), str(prepared), skip_symbolic_shape=True)
            quantize_static(
                str(prepared),
                str(target),
                _reader(batches, prepared),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8)
        except Exception as error:  # of any kind
            raise ExportError(
                f'{target.name} cannot be made: {line(error)}') from error
    graph = onnx.load(str(target))
    put_info(graph, info)
    onnx.save(graph, str(target))
    return len(graph.graph.node)


def _reader(batches: Sequence[Dict[str, Tensor]], path: Path) -> Any:
    """Inputs as onnxruntime's calibration reads them."""
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader
    session = onnxruntime.InferenceSession(
        str(path), providers=['CPUExecutionProvider'])
    known = [one.name for one in session.get_inputs()]

    class Reader(CalibrationDataReader):
        """One batch after the other, then None."""

        def __init__(self) -> None:
            self.left = iter(batches)

        def get_next(self) -> Optional[Dict[str, Any]]:
            batch = next(self.left, None)
            return batch and {
                name: batch[name].contiguous().numpy()
                for name in known
            }

    return Reader()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep onnxruntime from advising by the root logger, which the task
    libraries print, and from leaving a folder of its own on the path."""
    before, path = logging.root.manager.disable, list(sys.path)
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
        sys.path[:] = path
