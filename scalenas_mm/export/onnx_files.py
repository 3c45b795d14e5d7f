"""Networks of a model as ONNX files, compared with torch before they are
written.

A model of videos, which has ``key_heatmaps`` and ``next_heatmaps``, becomes a
file for each of its networks; any other one file, from an image to what its
``tensor`` mode gives. Inputs have a batch of one and are preprocessed.
"""
import importlib.util
import warnings
from copy import deepcopy
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from scalenas_mm.backbones import find_searchable
from scalenas_mm.evaluation import (blank_sample, run_tensor, tensors,
                                    weights_digest)
from scalenas_mm.spaces import as_size
from .subnet import ExportError

TOLERANCE = 1e-4
OPSET = 17
PACKAGES = ('onnx', 'onnxruntime')


class OnnxPart(NamedTuple):
    """What becomes a file.

    Attributes:
        suffix: ``.key``, ``.frame_1``, ...; empty for a whole model.
        network: From ``inputs`` to tensors.
        inputs: Names, and inputs to run it with.
        outputs: Names.
    """
    suffix: str
    network: nn.Module
    inputs: Dict[str, Tensor]
    outputs: Sequence[str]


class _Part(nn.Module):
    """Something of a model; in evaluation mode, which torch's exporter would
    change in the model, too."""

    def __init__(self, model: Any):
        super().__init__()
        self.model = model
        self.eval()


class _Key(_Part):

    def forward(self, image: Tensor) -> Tensor:
        return self.model.key_heatmaps(image)


class _Frame(_Part):

    def __init__(self, model: Any, frame: int):
        super().__init__(model)
        self.frame = frame

    def forward(self, image: Tensor, heatmaps: Tensor) -> Tensor:
        return self.model.next_heatmaps(image, heatmaps, self.frame)


class _Whole(_Part):

    def __init__(self, model: Any, size: Sequence[int]):
        super().__init__(model)
        self.size = size  # while it is traced, shapes are no numbers

    def forward(self, image: Tensor) -> Tuple[Tensor, ...]:
        sample = blank_sample(self.model, self.size)
        sample = dict(
            sample, inputs=image) if isinstance(sample, dict) else (image, )
        return tuple(tensors(run_tensor(self.model, sample)))


def check_onnx() -> None:
    """See that what writes and checks the files is installed.

    Raises:
        ExportError: It is not.
    """
    missing = [name for name in PACKAGES if not importlib.util.find_spec(name)]
    if missing:
        raise ExportError(f'ONNX files need {" and ".join(missing)}: '
                          "pip install 'scalenas_mm[onnx]'")


@torch.no_grad()
def onnx_parts(model: nn.Module,
               input_size: Sequence[int],
               seed: int = 0) -> List[OnnxPart]:
    """The networks of a model, with random inputs.

    Args:
        model (nn.Module): On the CPU, in evaluation mode.
        input_size (Sequence[int]): Height and width of an image.
        seed (int): Of the inputs.

    Raises:
        ExportError: It does not run on an image alone.
    """
    channels = getattr(find_searchable(model).space, 'in_channels', 3)
    random = torch.Generator().manual_seed(seed)
    shape = (1, channels, *as_size(input_size))
    image = torch.randn(shape, generator=random)
    if not hasattr(model, 'next_heatmaps'):
        return [_whole(model, image)]
    net: Any = model
    parts = [OnnxPart('.key', _Key(net), dict(image=image), ('heatmaps', ))]
    heatmaps = net.key_heatmaps(image)
    for frame in range(net.num_frames):
        image = torch.randn(shape, generator=random)
        inputs = dict(image=image, heatmaps=heatmaps)
        parts.append(
            OnnxPart(f'.frame_{frame + 1}', _Frame(net, frame), inputs,
                     ('next_heatmaps', )))
        heatmaps = net.next_heatmaps(image, heatmaps, frame)
    return parts


def _whole(model: nn.Module, image: Tensor) -> OnnxPart:
    network = _Whole(model, tuple(image.shape[2:]))
    try:
        num = len(network(image))
    except Exception as error:  # of any task library
        raise ExportError(
            f'{type(model).__name__} has no ONNX form here: it does not run '
            f'on an image alone ({_line(error)})') from error
    names = [f'output_{i}' for i in range(num)] if num > 1 else ['output']
    return OnnxPart('', network, dict(image=image), names)


def write_onnx_files(model: nn.Module, path: Path,
                     input_size: Sequence[int]) -> Dict[str, float]:
    """Write and check ``PATH.onnx``, or of a video model ``PATH.key.onnx``,
    ``PATH.frame_1.onnx``, ...; they say the digest of the weights.

    Args:
        model (nn.Module): With a fixed architecture. It stays as it is.
        path (Path): Without a suffix, in a folder that exists.
        input_size (Sequence[int]): Height and width of an image.

    Returns:
        dict[str, float]: By file name how much outputs by onnxruntime differ
        from those of torch, at most, as a part of the largest value.

    Raises:
        ExportError: A file cannot be made, or outputs differ by more than
            ``TOLERANCE``. No file is left.
    """
    check_onnx()
    model = deepcopy(model).cpu().eval()
    digest = weights_digest(model)
    # others than those that the graph was traced with
    tests = onnx_parts(model, input_size, 1)
    found: Dict[str, float] = {}
    for part, test in zip(onnx_parts(model, input_size), tests):
        file = path.with_name(f'{path.name}{part.suffix}.onnx')
        found[file.name] = np.inf
        try:
            _write(part, file, digest)
            found[file.name] = _difference(test, file)
        except ExportError:
            for name in found:
                path.with_name(name).unlink(missing_ok=True)
            raise
    return found


@torch.no_grad()
def _write(part: OnnxPart, path: Path, digest: str) -> None:
    import onnx
    try:
        with warnings.catch_warnings():
            # dynamo's exporter takes ten times as long for the same graph
            warnings.simplefilter('ignore')
            torch.onnx.export(
                part.network,
                tuple(part.inputs.values()),
                str(path),
                dynamo=False,
                opset_version=OPSET,
                input_names=list(part.inputs),
                output_names=list(part.outputs))
    except Exception as error:  # an operator that ONNX lacks, for one
        raise ExportError(
            f'{path.name} cannot be made, the network has no ONNX form: '
            f'{_line(error)}') from error
    graph = onnx.load(str(path))
    onnx.helper.set_model_props(graph, dict(weights=digest))
    onnx.save(graph, str(path))


@torch.no_grad()
def _difference(part: OnnxPart, path: Path) -> float:
    expected = tensors(part.network(*part.inputs.values()))
    got = _run(part, path)
    shapes = [[tuple(one.shape) for one in outputs]
              for outputs in (expected, got)]
    if shapes[0] != shapes[1]:
        raise ExportError(f'outputs of {path.name} have the shapes '
                          f'{shapes[1]}, those of torch {shapes[0]}')
    found = max(
        float(np.abs(b - a.numpy()).max() / max(float(a.abs().max()), 1e-12))
        for a, b in zip(expected, got))
    if not found <= TOLERANCE:
        raise ExportError(
            f'outputs of {path.name} differ from those of torch by '
            f'{found:.2g} of the largest value, expected at most {TOLERANCE}')
    return found


def _run(part: OnnxPart, path: Path) -> List[np.ndarray]:
    import onnxruntime
    try:
        session = onnxruntime.InferenceSession(
            str(path), providers=['CPUExecutionProvider'])
        # a network without fusion takes no heatmaps
        return session.run(
            None, {
                one.name: part.inputs[one.name].numpy()
                for one in session.get_inputs()
            })
    except Exception as error:  # its classes are not public
        raise ExportError(
            f'{path.name} does not run: {_line(error)}') from error


def _line(error: Exception) -> str:
    return f'{type(error).__name__}: {" ".join(str(error).split())[:200]}'
