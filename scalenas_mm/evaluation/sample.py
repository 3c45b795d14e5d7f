"""One way to run any OpenMMLab model."""
import copy
from inspect import signature
from typing import Any, Dict, List, Sequence, Tuple

import torch
from mmengine.model import is_model_wrapper
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.utils.data import DataLoader

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.spaces import as_size


def unwrapped(model: nn.Module) -> nn.Module:
    """``model`` without a wrapper for distributed training."""
    return model.module if is_model_wrapper(model) else model


def preprocessed(model: nn.Module,
                 batch: Any,
                 training: bool = False) -> Dict[str, Any]:
    """A collated batch as the model's ``forward`` takes it.

    Args:
        model (nn.Module): An OpenMMLab model.
        batch (Any): From a data loader.
        training (bool): As in training, with augmentation of batches.
    """
    return unwrapped(model).data_preprocessor(batch, training)


def apart(data: Any) -> Any:
    """A copy of preprocessed data into which a model may write.

    Data samples are copied, and tensors that come in a dict: networks for
    points write into their voxels. Images, and what data samples hold, are the
    same tensors.
    """
    if isinstance(data, dict):
        return {
            key:
            copy.deepcopy(value) if isinstance(value, dict) else apart(value)
            for key, value in data.items()
        }
    if isinstance(data, BaseDataElement):
        out = copy.copy(data)
        vars(out).update({k: _apart(v) for k, v in vars(data).items()})
        return out
    if isinstance(data, (list, tuple)) and not hasattr(data, '_fields'):
        return type(data)(map(apart, data))
    return data


def _apart(value: Any) -> Any:
    """What a data sample holds: names of its fields, further samples, data."""
    if isinstance(value, set):
        return set(value)
    several = isinstance(value, list) and value
    if isinstance(value[0] if several else value, BaseDataElement):
        return apart(value)
    return value


def run_tensor(model: nn.Module, sample: Any) -> Any:
    """Raw outputs of backbone and heads for preprocessed data.

    The one call by which this package runs a model without a loss: for
    counting, calibration and export.

    Args:
        model (nn.Module): Of any task library.
        sample (dict | tuple): From :func:`preprocessed` or
            :func:`blank_sample`.
    """
    return unwrapped(model)._run_forward(sample, mode='tensor')


def first_sample(model: nn.Module, dataloader: DataLoader) -> Dict[str, Any]:
    """The first element of a data set, preprocessed as for testing."""
    batch = dataloader.collate_fn([dataloader.dataset[0]])
    return preprocessed(model, batch)


def blank_sample(model: nn.Module, input_size: Sequence[int]) -> Any:
    """A black image, or clip of them, with what detectors ask of its data
    sample.

    For models that take images. Those that take points or voxels need
    :func:`first_sample`.

    Args:
        model (nn.Module): With a searchable backbone, which says how many
            channels an image has.
        input_size (Sequence[int]): Height and width.
    """
    size = as_size(input_size)
    space = find_searchable(model).space
    shape = (1, *getattr(space, 'clip_shape',
                         ()), getattr(space, 'in_channels', 3), *size)
    image = torch.zeros(shape, device=next(model.parameters()).device)
    if 'data_samples' not in signature(unwrapped(model).forward).parameters:
        return (image, )
    return dict(
        inputs=image, data_samples=[BaseDataElement(metainfo=_metainfo(size))])


def resized_sample(sample: Dict[str, Any],
                   input_size: Sequence[int]) -> Dict[str, Any]:
    """A preprocessed sample with its image, or clip, blank and of another
    size.

    Its data samples keep everything but the sizes. Samples without an image,
    such as voxels, stay as they are.

    Args:
        sample (dict): From :func:`first_sample`.
        input_size (Sequence[int]): Height and width.
    """
    inputs = sample.get('inputs') if isinstance(sample, dict) else None
    if not isinstance(inputs, Tensor) or inputs.ndim not in (4, 5):
        return sample
    size = as_size(input_size)
    shape = (1, *inputs.shape[1:-2], *size)
    out = dict(sample, inputs=inputs.new_zeros(shape))
    samples = sample.get('data_samples')
    if isinstance(samples, (list, tuple)) and all(
            isinstance(one, BaseDataElement) for one in samples):
        out['data_samples'] = [one.new() for one in samples[:1]]
        for one in out['data_samples']:
            one.set_metainfo(_metainfo(size))
    return out


def _metainfo(size: Tuple[int, int]) -> Dict[str, Any]:
    return dict(
        ori_shape=size,
        img_shape=size,
        pad_shape=size,
        batch_input_shape=size,
        scale_factor=(1.0, 1.0))


def tensors(output: Any) -> List[Tensor]:
    """All tensors of a nested output, in order; those of a data element by
    the names of its fields, whose own order differs between processes."""
    if isinstance(output, Tensor):
        return [output]
    if isinstance(output, BaseDataElement):
        output = dict(sorted(output.items()))
    if isinstance(output, dict):
        output = list(output.values())
    if not isinstance(output, (list, tuple)):
        return []
    return [tensor for value in output for tensor in tensors(value)]
