"""A model of a task library whose network is run by onnxruntime.

Preprocessing, post-processing, metrics and pictures stay those of the
library.
"""
from pathlib import Path
from typing import Any, Callable, Iterator, List, Sequence

import torch
from torch import Tensor, nn

from scalenas_mm.backbones import find_searchable
from scalenas_mm.evaluation import weights_digest
from .onnx_check import open_session, run_session
from .onnx_images import random_images
from .onnx_meta import OnnxInfo, info_from
from .onnx_parts import MODEL, NETWORK, head_name
from .subnet import ExportError


class OnnxNetwork:
    """An ONNX file as a function of images.

    Args:
        path (Path): A file of :func:`.onnx_files.write_onnx_files`.
        threads (int): Of onnxruntime; 0 is one a core.

    Attributes:
        info (OnnxInfo): What the file says about itself.

    Raises:
        ExportError: It cannot be read, or is not one of this package.
    """

    def __init__(self, path: Path, threads: int = 0):
        self.path = Path(path)
        self.session = open_session(self.path, threads)
        self.info: OnnxInfo = info_from(
            self.session.get_modelmeta().custom_metadata_map, path)

    def __call__(self, images: Tensor) -> List[Tensor]:
        """Outputs for images ``(N, C, H, W)``; one by one where the file
        takes one.

        Raises:
            ExportError: Images have another size than the file takes.
        """
        size = list(images.shape[2:])
        if 'size' not in self.info.dynamic and size != self.info.input_size:
            raise ExportError(
                f'{self.path} takes images of {_text(self.info.input_size)}, '
                f'got {_text(size)}; tools/export.py --onnx --dynamic-size '
                'writes one for all sizes')
        own = images.detach().cpu().float()
        rows = [own] if 'batch' in self.info.dynamic else own.split(1)
        found = [run_session(self.session, dict(image=row)) for row in rows]
        return [
            torch.cat([torch.from_numpy(one)
                       for one in outputs]).to(images.device)
            for outputs in zip(*found)
        ]


def use_onnx(model: nn.Module, network: OnnxNetwork) -> None:
    """Let a model run its network by onnxruntime from now on, in place.

    Args:
        model (nn.Module): Of a task library, in evaluation mode. For a file of
            the whole model any weights will do.
        network (OnnxNetwork): Its file.

    Raises:
        ExportError: The file is of another architecture, or holds the network
            alone and is of other weights; or the model has no such part.
    """
    info: Any = network.info
    net: Any = model
    head = head_name(model) or ''
    if info.part not in (MODEL, NETWORK) or info.part == MODEL and not head:
        raise ExportError(f'{network.path} is the {info.part} of a model, '
                          f'{type(model).__name__} runs no such file')
    arch = find_searchable(model).arch
    if arch.digest != info.digest:
        raise ExportError(f'{network.path} has the architecture {info.digest},'
                          f' the config {arch.digest}')
    if info.part == NETWORK and weights_digest(model) != info.weights:
        raise ExportError(
            f'{network.path} is the network alone, {"+".join(info.modules)}: '
            'the heads need the checkpoint that was exported with it')
    blank = random_images(model, info.input_size)
    blank = blank.to(next(model.parameters()).device)
    with torch.no_grad():
        maps = net.backbone(blank)
        neck = getattr(net, 'neck', None)
        maps = maps if neck is None else neck(maps)
        like = maps if info.part == NETWORK else getattr(net, head)(maps)
    run = _Run(network, like)
    if info.part == NETWORK:
        _replace(net.backbone, run)
    else:
        _replace(net.backbone, _same)
        _replace(getattr(net, head), run)
    if neck is not None:
        _replace(neck, _same)


class _Run:
    """Runs the file; outputs are nested as those of torch."""

    def __init__(self, network: OnnxNetwork, like: Any):
        self.network, self.like = network, like

    def __call__(self, images: Tensor, *args: Any, **kwargs: Any) -> Any:
        return _nested(self.like, iter(self.network(images)))


def _same(x: Any, *args: Any, **kwargs: Any) -> Any:
    return x


def _replace(module: nn.Module, run: Callable[..., Any]) -> None:
    module.forward = run


def _nested(like: Any, values: Iterator[Tensor]) -> Any:
    if isinstance(like, Tensor):
        return next(values)
    if isinstance(like, dict):
        return {key: _nested(one, values) for key, one in like.items()}
    if isinstance(like, (list, tuple)):
        items = [_nested(one, values) for one in like]
        return items if isinstance(like, list) else tuple(items)
    return like


def _text(size: Sequence[int]) -> str:
    return 'x'.join(map(str, size))
