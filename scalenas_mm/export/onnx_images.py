"""Images for making, checking and calibrating ONNX files."""
from typing import Any, Iterator, List, Sequence

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.runner import Runner
from torch import Tensor, nn

from scalenas_mm.backbones import find_searchable
from scalenas_mm.evaluation import (calibration_batches, preprocessed,
                                    run_tensor)
from scalenas_mm.spaces import SettingError, as_size
from .onnx_parts import is_video


def random_images(model: Any,
                  input_size: Sequence[int],
                  num: int = 1,
                  seed: int = 0) -> Tensor:
    """Noise, where there are no data.

    Args:
        model (nn.Module): With a searchable backbone.
        input_size (Sequence[int]): Height and width.
        num (int): How many images, or clips.
        seed (int): Decides the noise.
    """
    channels = getattr(find_searchable(model).space, 'in_channels', 3)
    frames = (model.num_frames + 1, ) if is_video(model) else ()
    return torch.randn((num, *frames, channels, *as_size(input_size)),
                       generator=torch.Generator().manual_seed(seed))


class _Captured(Exception):
    """Ends a forward pass when the backbone's input is known."""


@torch.no_grad()
def network_inputs(model: nn.Module, batches: Sequence[Any]) -> List[Tensor]:
    """What the backbone is given, or clips of a video model, image by image.

    Args:
        model (nn.Module): In evaluation mode.
        batches (Sequence): Collated batches; the model preprocesses them.

    Returns:
        list[Tensor]: ``(1, C, H, W)`` each, of any sizes, on the CPU.
    """
    found = []
    for batch in batches:
        sample = preprocessed(model, batch)
        if is_video(model):
            images = sample['inputs']
        else:
            images = _captured(model, sample)
        found += [image[None].cpu() for image in images]
    return found


def _captured(model: Any, sample: Any) -> List[Tensor]:
    found: List[Tensor] = []

    def stop(module: nn.Module, inputs: Any) -> None:
        found.append(inputs[0])
        raise _Captured

    hook = model.backbone.register_forward_pre_hook(stop)
    try:
        for one in _apart(sample):
            try:
                run_tensor(model, one)
            except _Captured:
                pass
    finally:
        hook.remove()
    return [image for images in found for image in images]


def _apart(sample: Any) -> Iterator[Any]:
    """Samples of a batch one by one, where images differ in size and are no
    tensor yet."""
    inputs = sample.get('inputs') if isinstance(sample, dict) else None
    if not isinstance(inputs, (list, tuple)):
        yield sample
        return
    for i, image in enumerate(inputs):
        if image.dim() == 4:  # a batch for each scale: that of scale 1
            yield dict(sample, inputs=inputs)
            return
        samples = sample.get('data_samples')
        yield dict(
            sample,
            inputs=image[None],
            data_samples=samples and samples[i:i + 1])


def images_of(config: Config,
              model: nn.Module,
              num: int,
              split: str = 'test',
              seed: int = 0) -> List[Tensor]:
    """Images of the data of a config, as its backbone takes them.

    Args:
        config (Config): With ``{split}_dataloader``.
        model (nn.Module): Its model, in evaluation mode.
        num (int): How many at most, in a fixed random order.
        split (str): ``train``, ``val`` or ``test``.
        seed (int): Decides which, and how they are augmented.

    Raises:
        FileNotFoundError: The data are not there.
        SettingError: The config has none.
    """
    name = f'{split}_dataloader'
    if not config.get(name):
        raise SettingError(name, 'data in the config', config.get(name))
    cfg = dict(config[name])
    cfg.update(num_workers=0, persistent_workers=False)
    loader = Runner.build_dataloader(cfg)
    num = min(num, len(loader.dataset))
    rows = getattr(loader, 'batch_size', None) or 1
    batches = calibration_batches(loader, -(-num // rows), seed)
    return network_inputs(model, batches)[:num]


def fitted(images: Sequence[Tensor], size: Sequence[int]) -> List[Tensor]:
    """Images, or clips, of one size: others are resized.

    Args:
        images (Sequence[Tensor]): ``(1, ..., C, h, w)``.
        size (Sequence[int]): Height and width.
    """
    size = (int(size[0]), int(size[1]))
    return [
        image if tuple(image.shape[-2:]) == size else F.interpolate(
            image.flatten(0, -4), size, mode='bilinear',
            align_corners=False).unflatten(0, image.shape[:-3])
        for image in images
    ]
