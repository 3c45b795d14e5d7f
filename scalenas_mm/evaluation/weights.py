"""Weights of supernets: loaded whole or not at all."""
import hashlib
import re
from pickle import UnpicklingError
from typing import Any, Dict, List, Mapping

import torch
from mmengine.runner import CheckpointLoader
from torch import nn

from scalenas_mm.spaces import SettingError
from .ranks import agree


def weights_digest(model: nn.Module) -> str:
    """SHA-256 of all parameters and buffers, first 16 digits."""
    return tensors_digest(model.state_dict())


def tensors_digest(named: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of tensors and their names, first 16 digits."""
    digest = hashlib.sha256()
    for name, value in sorted(named.items()):
        digest.update(name.encode())
        # a copy: one element may have any stride, which no view as bytes has
        flat = value.detach().cpu().clone(
            memory_format=torch.contiguous_format).flatten()
        digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def common_digest(model: nn.Module) -> str:
    """:func:`weights_digest`, which must be the same on all ranks.

    Raises:
        SettingError: It is not.
    """
    return agree('weights', 'the same on all ranks', weights_digest(model))


def read_checkpoint(path: str) -> Dict[str, Any]:
    """A checkpoint, from a file or URL; runs no code that it holds.

    Raises:
        SettingError: It cannot be read; says why.
    """
    try:
        checkpoint = CheckpointLoader.load_checkpoint(
            path, map_location='cpu', logger='silent')
    except (RuntimeError, OSError, EOFError, KeyError, ValueError,
            UnpicklingError) as error:
        reason = ' '.join(str(error).split())[:160]
        raise SettingError(f'checkpoint {path} cannot be read, it is cut off '
                           f'or no checkpoint ({reason})') from None
    if not isinstance(checkpoint, dict):
        raise SettingError(f'checkpoint {path}', 'a dict of weights',
                           type(checkpoint).__name__)
    return checkpoint


def load_strictly(model: nn.Module,
                  checkpoint: Dict[str, Any],
                  path: str,
                  other_parts: bool = False) -> None:
    """Load all weights of a model, neither more nor less.

    Args:
        model (nn.Module): Not a wrapper for distributed training.
        checkpoint (dict): With ``state_dict``, or the weights themselves.
        path (str): Where it comes from, for messages.
        other_parts (bool): Ignore weights of parts that the model does not
            have at all, such as an auxiliary head.

    Raises:
        SettingError: Weights are missing, unknown or of another shape; names
            some of them.
    """
    weights = {
        re.sub(r'^module\.', '', key): value
        for key, value in checkpoint.get('state_dict', checkpoint).items()
    }
    try:
        found = model.load_state_dict(weights, strict=False)
    except (RuntimeError, TypeError, AttributeError) as error:
        text = ' '.join(str(error).split())
        raise SettingError(f'checkpoint {path} does not hold the weights of '
                           f'the model: {text[:300]}') from None
    unknown = found.unexpected_keys
    if other_parts:
        parts = {_part(key) for key in model.state_dict()}
        unknown = [key for key in unknown if _part(key) in parts]
    wrong = [
        f'{what} {_some(keys)}'
        for what, keys in (('it lacks', found.missing_keys), ('it has',
                                                              unknown)) if keys
    ]
    if wrong:
        raise SettingError(f'checkpoint {path} does not hold the weights of '
                           f'the model: ' + '; '.join(wrong))


def _part(key: str) -> str:
    return key.split('.')[0]


def _some(keys: List[str]) -> str:
    more = f' and {len(keys) - 3} more' if len(keys) > 3 else ''
    return ', '.join(keys[:3]) + more
