"""Ways to run a network that are timed."""
import importlib.util
import io
import logging
import platform
import tempfile
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Sequence, Tuple

import torch
from torch import Tensor, nn

from scalenas_mm.spaces import SettingError

Inputs = Sequence[Tensor]
Run = Callable[[], Any]
PRECISIONS: Dict[str, Tuple[str, ...]] = dict(
    torch=('fp32', 'fp16'), onnxruntime=('fp32', 'int8'), openvino=('fp32', ))
OPSET = 17


class Backend:
    """Runs networks one after the other, on one device.

    Args:
        name (str): ``torch``, ``onnxruntime`` or ``openvino``.
        device (str): ``cpu`` or ``cuda``; the latter with torch only.
        threads (int): Of a CPU.
        precision (str): ``fp32``; ``fp16`` with torch on cuda; ``int8`` with
            onnxruntime.

    Raises:
        SettingError: There is no such backend here.
    """

    def __init__(self,
                 name: str = 'torch',
                 device: str = 'cpu',
                 threads: int = 1,
                 precision: str = 'fp32') -> None:
        if name not in PRECISIONS:
            raise SettingError('backend', ', '.join(PRECISIONS), name)
        if importlib.util.find_spec(name) is None:
            raise SettingError('backend', f'{name} installed', 'none')
        if device not in ('cpu', 'cuda') or (device == 'cuda'
                                             and name != 'torch'):
            raise SettingError('device', 'cpu, or cuda with the backend torch',
                               device)
        if device == 'cuda' and not torch.cuda.is_available():
            raise SettingError('device', 'a GPU that torch sees', 'none')
        known = [
            one for one in PRECISIONS[name]
            if one != 'fp16' or device == 'cuda'
        ]
        if precision not in known:
            raise SettingError('precision',
                               f'{" or ".join(known)} by {name} on {device}',
                               precision)
        self.name, self.device = name, device
        self.threads, self.precision = threads, precision
        if device == 'cpu':
            torch.set_num_threads(threads)

    def prepare(self, module: nn.Module, inputs: Inputs) -> Run:
        """What runs a module once, until it is done."""
        if self.name == 'torch':
            return self._torch(module, inputs)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, 'network.onnx')
            _write_onnx(module, inputs, path)
            if self.precision == 'int8':
                path = _quantized(path, inputs)
            return getattr(self, f'_{self.name}')(path, inputs)

    def _torch(self, module: nn.Module, inputs: Inputs) -> Run:
        half = self.precision == 'fp16'
        module = module.to(self.device)
        module = module.half() if half else module
        ready = [
            x.to(self.device, torch.half if half else None) for x in inputs
        ]
        cuda = self.device == 'cuda'

        @torch.inference_mode()
        def run() -> Any:
            out = module(*ready)
            if cuda:
                torch.cuda.synchronize()
            return out

        return run

    def _onnxruntime(self, path: Path, inputs: Inputs) -> Run:
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider'])
        feed = _feed(inputs)
        return lambda: session.run(None, feed)

    def _openvino(self, path: Path, inputs: Inputs) -> Run:
        import openvino
        core = openvino.Core()
        model = core.compile_model(
            core.read_model(str(path)), 'CPU', {
                'INFERENCE_NUM_THREADS': self.threads,
                'PERFORMANCE_HINT': 'LATENCY'
            })
        request, feed = model.create_infer_request(), _feed(inputs)
        return lambda: request.infer(feed)

    def versions(self) -> Dict[str, str]:
        """Of what runs."""
        found = dict(python=platform.python_version(), torch=torch.__version__)
        if self.name != 'torch':
            found[self.name] = importlib.import_module(self.name).__version__
        return found


def device_name(device: str) -> str:
    """What the device calls itself."""
    if device == 'cuda':
        return torch.cuda.get_device_name()
    info = Path('/proc/cpuinfo')
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith('model name'):
                return line.partition(':')[2].strip()
    return platform.processor() or platform.machine()


def _feed(inputs: Inputs) -> Dict[str, Any]:
    return {f'x{i}': x.numpy() for i, x in enumerate(inputs)}


def _write_onnx(module: nn.Module, inputs: Inputs, path: Path) -> None:
    data = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')
        torch.onnx.export(
            module,
            tuple(inputs),
            data,
            dynamo=False,
            opset_version=OPSET,
            input_names=[f'x{i}' for i in range(len(inputs))])
    path.write_bytes(data.getvalue())


def _quantized(path: Path, inputs: Inputs) -> Path:
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Reader(CalibrationDataReader):
        """The inputs, once: times do not depend on their range."""

        def __init__(self) -> None:
            self.rows = iter([_feed(inputs)])

        def get_next(self) -> Any:
            return next(self.rows, None)

    out = path.with_name('int8.onnx')
    logging.disable(logging.WARNING)  # advice about larger networks
    try:
        quantize_static(str(path), str(out), Reader())
    finally:
        logging.disable(logging.NOTSET)
    return out
