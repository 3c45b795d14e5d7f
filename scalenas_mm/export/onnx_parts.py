"""What of a model becomes an ONNX file.

===========  =============================  ==============================
part         file                           from images to
===========  =============================  ==============================
``model``    ``NAME.onnx``                  what ``tensor`` mode gives: the
                                            backbone, the neck and the head
``network``  ``NAME.network.onnx``          the maps of backbone and neck
``key``      ``NAME.key.onnx``              heatmaps of a key frame
``frame_1``  ``NAME.frame_1.onnx``, ...     heatmaps of a frame after it
===========  =============================  ==============================

A model of videos, which has ``key_heatmaps`` and ``next_heatmaps``, has the
last two. Any other one has a ``network``, and a ``model`` where one head reads
maps and gives tensors. A detector with proposals has none, and behind an
encoder of points a network begins at the map, not at the points.
"""
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

import torch
from torch import Tensor, nn

from scalenas_mm.evaluation import blank_sample, run_tensor, tensors
from .subnet import ExportError

# As the task libraries name the head that is all that follows the maps
HEADS = ('decode_head', 'bbox_head', 'head')
MORE = ('roi_head', 'rpn_head', 'mask_head')
MODEL, NETWORK = 'model', 'network'


class OnnxPart(NamedTuple):
    """What becomes a file.

    Attributes:
        name: ``model``, ``network``, ``key``, ``frame_1``, ...
        modules: Names of the modules of the model that are in it.
        network: From ``inputs`` to tensors.
        inputs: Names, and inputs to run it with.
        outputs: Names.
    """
    name: str
    modules: Sequence[str]
    network: nn.Module
    inputs: Dict[str, Tensor]
    outputs: Sequence[str]

    @property
    def suffix(self) -> str:
        """Of the file's name, before ``.onnx``."""
        return '' if self.name == MODEL else f'.{self.name}'

    def outputs_of(self, inputs: Dict[str, Tensor]) -> List[Tensor]:
        """What torch gives for inputs of these names."""
        with torch.no_grad():
            return tensors(
                self.network(*(inputs[name] for name in self.inputs)))


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


class _Network(_Part):

    def forward(self, image: Tensor) -> Sequence[Tensor]:
        maps = self.model.backbone(image)
        return tuple(tensors(_neck(self.model)(maps)))


class _Whole(_Part):

    def __init__(self, model: Any, size: Sequence[int]):
        super().__init__(model)
        self.size = size  # while it is traced, shapes are no numbers

    def forward(self, image: Tensor) -> Sequence[Tensor]:
        sample = blank_sample(self.model, self.size)
        sample = dict(
            sample, inputs=image) if isinstance(sample, dict) else (image, )
        return tuple(tensors(run_tensor(self.model, sample)))


def _neck(model: Any) -> nn.Module:
    return getattr(model, 'neck', None) or nn.Identity()


def line(error: Exception) -> str:
    """An error of another library in one short line."""
    return f'{type(error).__name__}: {" ".join(str(error).split())[:200]}'


def is_video(model: nn.Module) -> bool:
    """Whether each frame of a clip has a network of its own."""
    return hasattr(model, 'next_heatmaps')


def head_name(model: Any) -> Optional[str]:
    """The head that is all that follows backbone and neck; None if more than
    a head does, as in detectors with proposals, or if points come first."""
    if takes_points(model) or any(hasattr(model, name) for name in MORE):
        return None
    found = [name for name in HEADS if getattr(model, name, None) is not None]
    head = getattr(model, found[0]) if len(found) == 1 else None
    # a cascade is a list of heads
    single = head is not None and not isinstance(head, nn.ModuleList)
    return found[0] if single else None


def takes_points(model: Any) -> bool:
    """Whether an encoder stands before the backbone, of voxels for one."""
    return hasattr(model, 'voxel_encoder')


def without_head(model: nn.Module) -> str:
    """Why there is no ``model`` file of it; empty if there is one."""
    if is_video(model) or head_name(model) is not None:
        return ''
    kind = type(model).__name__
    if takes_points(model):
        return (f'{kind}: points become a map before the network, by an '
                'encoder that is no ONNX graph; the file begins at that map')
    return (f'{kind}: what follows backbone and neck picks proposals, whose '
            'number depends on the image, and is no ONNX graph')


@torch.no_grad()
def onnx_parts(model: nn.Module, images: Tensor) -> List[OnnxPart]:
    """The networks of a model, with inputs.

    Args:
        model (nn.Module): On the CPU, in evaluation mode.
        images (Tensor): ``(N, C, H, W)`` as its backbone takes them; of a
            video model clips, ``(N, T + 1, C, H, W)``.

    Raises:
        ExportError: It does not run on them.
    """
    if is_video(model):
        return list(_video_parts(model, images))
    has_neck = getattr(model, 'neck', None) is not None
    modules = ['backbone'] + ['neck'] * has_neck
    parts = [_part(NETWORK, modules, _Network(model), images)]
    head = head_name(model)
    if head is not None:
        whole = _Whole(model, tuple(images.shape[2:]))
        parts.append(_part(MODEL, [*modules, head], whole, images))
    return parts


def _part(name: str, modules: List[str], network: nn.Module,
          images: Tensor) -> OnnxPart:
    try:
        num = len(network(images))
    except Exception as error:  # of any task library
        kind = type(network.model).__name__
        raise ExportError(f'{kind} has no ONNX form here: it does not run on '
                          f'an image alone ({line(error)})') from error
    names = [f'output_{i}' for i in range(num)] if num > 1 else ['output']
    return OnnxPart(name, modules, network, dict(image=images), names)


def _video_parts(model: Any, clips: Tensor) -> Iterator[OnnxPart]:
    yield OnnxPart('key', ['key'], _Key(model), dict(image=clips[:, 0]),
                   ('heatmaps', ))
    heatmaps = model.key_heatmaps(clips[:, 0])
    for frame in range(model.num_frames):
        image = clips[:, frame + 1]
        yield OnnxPart(f'frame_{frame + 1}', ['backbone', 'head'],
                       _Frame(model, frame),
                       dict(image=image, heatmaps=heatmaps),
                       ('next_heatmaps', ))
        heatmaps = model.next_heatmaps(image, heatmaps, frame)
