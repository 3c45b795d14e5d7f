"""Ways to run a network that are timed."""
import importlib.util
import io
import logging
import platform
import tempfile
import warnings
from pathlib import Path
from typing import (Any, Callable, Dict, Iterable, List, Optional, Sequence,
                    Tuple)

import torch
from torch import Tensor, nn

from scalenas_mm.spaces import SettingError

Inputs = Sequence[Tensor]
Images = List[Any]  # arrays of NumPy
Make = Callable[[], Tuple[nn.Module, Inputs]]
Run = Callable[[], Any]
PRECISIONS: Dict[str, Tuple[str, ...]] = dict(
    torch=('fp32', 'fp16'), onnxruntime=('fp32', 'int8'), openvino=('fp32', ))
OPSET = 17
KEPT_BYTES = 2**26  # of a file; 40 of them and the operators fit a disk


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
            self._write(module, inputs, path)
            return self._read(path, [x.numpy() for x in inputs])

    def prepare_often(self, path: Path, make: Make) -> Run:
        """As :meth:`prepare` of what ``make`` gives, on random inputs.

        What takes long, writing a file that the backend reads, is done once:
        unless it is very large, it stays at ``path`` for the next time.
        """
        if self.name == 'torch':
            return self._torch(*make())
        if not path.is_file():
            self._write(*make(), path)
        run = self._read(path)
        if path.stat().st_size > KEPT_BYTES:
            path.unlink()
        return run

    def _write(self, module: nn.Module, inputs: Inputs, path: Path) -> None:
        _write_onnx(module, inputs, path)
        if self.precision == 'int8':
            _quantize(path, inputs)

    def _read(self, path: Path, images: Optional[Images] = None) -> Run:
        return getattr(self, f'_{self.name}')(path, images)

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

    def _onnxruntime(self, path: Path, images: Optional[Images]) -> Run:
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider'])
        feed = _feed(images or _random(x.shape for x in session.get_inputs()))
        return lambda: session.run(None, feed)

    def _openvino(self, path: Path, images: Optional[Images]) -> Run:
        import openvino
        core = openvino.Core()
        model = core.compile_model(
            core.read_model(str(path)), 'CPU', {
                'INFERENCE_NUM_THREADS': self.threads,
                'PERFORMANCE_HINT': 'LATENCY'
            })
        request = model.create_infer_request()
        feed = _feed(images or _random(x.shape for x in model.inputs))
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


def _random(shapes: Iterable[Any]) -> Images:
    return [torch.randn(*shape).numpy() for shape in shapes]


def _feed(images: Images) -> Dict[str, Any]:
    return {f'x{i}': x for i, x in enumerate(images)}


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


def _quantize(path: Path, inputs: Inputs) -> None:
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Reader(CalibrationDataReader):
        """The inputs, once: times do not depend on their range."""

        def __init__(self) -> None:
            self.rows = iter([_feed([x.numpy() for x in inputs])])

        def get_next(self) -> Any:
            return next(self.rows, None)

    out = path.with_name(f'{path.name}.int8')
    logging.disable(logging.WARNING)  # advice about larger networks
    try:
        quantize_static(str(path), str(out), Reader())
    finally:
        logging.disable(logging.NOTSET)
    out.replace(path)
