"""Whether an ONNX file gives what torch gives."""
from pathlib import Path
from typing import (Any, Dict, Iterator, List, NamedTuple, Optional, Sequence,
                    Tuple)

import numpy as np
import torch
from torch import Tensor

from .onnx_parts import NETWORK, OnnxPart, head_name, line
from .subnet import ExportError

TOLERANCE = 1e-4
# Two places may be equally high to the last digit; more than that is an error
AGREEMENT = 0.99


class Check(NamedTuple):
    """How near a file is to torch.

    Attributes:
        difference: Largest difference, as a part of the largest value.
        agreement: Share of the decisions that are the same: classes of
            pixels or images, or the highest places of heatmaps. None if
            outputs are maps, of which nothing is decided.
        shapes: Of the inputs that it was compared on.
    """
    difference: float
    agreement: Optional[float]
    shapes: Sequence[Tuple[int, ...]]


def open_session(path: Path, threads: int = 0) -> Any:
    """An onnxruntime session of a file, on the CPU.

    Args:
        path (Path): The file.
        threads (int): Of it; 0 is one a core.

    Raises:
        ExportError: It cannot be read.
    """
    import onnxruntime
    if not Path(path).is_file():
        raise ExportError(f'ONNX file not found: {path}')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # what it says of a graph it optimises is nothing that a user can mend
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider'])
    except Exception as error:  # its classes are not public
        raise ExportError(
            f'{path}: not an ONNX file that can be run: {line(error)}'
        ) from None


def run_session(session: Any, inputs: Dict[str, Tensor]) -> List[np.ndarray]:
    """Outputs of a session; it takes those of ``inputs`` that it knows, as a
    network without fusion takes no heatmaps."""
    try:
        return session.run(
            None, {
                one.name: inputs[one.name].contiguous().numpy()
                for one in session.get_inputs()
            })
    except Exception as error:  # its classes are not public
        raise ExportError(
            f'the ONNX file does not run: {line(error)}') from error


@torch.no_grad()
def compare(part: OnnxPart,
            path: Path,
            batches: Sequence[Dict[str, Tensor]],
            exact: bool = True) -> Check:
    """Compare a file with the network that it was made of.

    Args:
        part (OnnxPart): The network.
        path (Path): The file.
        batches (Sequence[dict]): Inputs, by name.
        exact (bool): A difference is an error; otherwise only another shape
            is, or what is no number.

    Raises:
        ExportError: Outputs differ by more than ``TOLERANCE``, or decisions
            in more than one of a hundred.
    """
    session = open_session(path)
    found = [_one(part, session, inputs, path.name) for inputs in batches]
    difference = float(np.max([one.difference for one in found]))
    shares = [one.agreement for one in found if one.agreement is not None]
    # of as many decisions each, but for other sizes
    agreement = sum(shares) / len(shares) if shares else None
    shapes = [one.shapes[0] for one in found]
    if not np.isfinite(difference) or exact and difference > TOLERANCE:
        raise ExportError(
            f'outputs of {path.name} differ from those of torch by '
            f'{difference:.2g} of the largest value, expected at most '
            f'{TOLERANCE}')
    if exact and agreement is not None and agreement < AGREEMENT:
        raise ExportError(
            f'{path.name} decides as torch in {agreement:.2%}, expected at '
            f'least {AGREEMENT:.0%}')
    return Check(difference, agreement, shapes)


def _one(part: OnnxPart, session: Any, inputs: Dict[str, Tensor],
         name: str) -> Check:
    expected = part.outputs_of(inputs)
    got = [torch.from_numpy(one) for one in run_session(session, inputs)]
    shapes = [[tuple(one.shape) for one in outputs]
              for outputs in (expected, got)]
    if shapes[0] != shapes[1]:
        raise ExportError(f'outputs of {name} have the shapes {shapes[1]}, '
                          f'those of torch {shapes[0]}')
    difference = float(
        np.max([
            float((b - a).abs().max() / a.abs().max().clamp(min=1e-12))
            for a, b in zip(expected, got)
        ]))
    same = [
        float((x == y).float().mean()) for a, b in zip(expected, got)
        for x, y in zip(decisions(part, a), decisions(part, b))
    ]
    agreement = sum(same) / len(same) if same else None
    return Check(difference, agreement,
                 [tuple(next(iter(inputs.values())).shape)])


def decisions(part: OnnxPart, output: Tensor) -> Iterator[Tensor]:
    """What is decided by an output of a head, if anything.

    The class of each pixel by ``decode_head``, or of an image; otherwise the
    place where a heatmap, or a vector for each joint, is highest.
    """
    head = head_name(getattr(part.network, 'model', None))
    if part.name == NETWORK or head == 'bbox_head':
        return
    if head == 'decode_head' or output.dim() == 2:
        yield output.argmax(1)
    elif output.dim() > 2:
        yield output.flatten(2).argmax(2)


def other_shapes(part: OnnxPart,
                 dynamic: Sequence[str],
                 seed: int = 1) -> List[Dict[str, Tensor]]:
    """Inputs of another batch and size than a graph was made with, as far as
    these are dynamic: three images, and sides that are larger by 32 and 64,
    in turn, and smaller by as much where that leaves 32."""
    if not dynamic:
        return []
    random = torch.Generator().manual_seed(seed)
    rows = 3 if 'batch' in dynamic else 1
    steps = [(32, 64), (-32, 32)] if 'size' in dynamic else [(0, 0)]
    out = []
    for step in steps:
        inputs: Dict[str, Tensor] = {}
        for name, one in part.inputs.items():
            height, width = one.shape[-2:]
            sides = (max(height + step[0], 32), max(width + step[1], 32))
            inputs[name] = torch.randn((rows, *one.shape[1:-2], *sides),
                                       generator=random)
        out.append(inputs)
    return out
