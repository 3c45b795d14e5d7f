"""Read what the authors of ScaleNAS released: weights and masks."""
import io
import json
import pickle
import re
from pathlib import Path
from typing import Any, Dict, List, Mapping

import numpy as np
import torch
from torch import Tensor

from .._safe_pickle import UnsafePickle, load_plain

FUSION = re.compile(r'(stage\d+\.\d+)\.fuse_layers_(\d+)\.(\d+)\.(\d+)\.')
# released name -> name here
HEADS = dict(
    seg={
        'last_layer.0': 'decode_head.convs.0.conv',
        'last_layer.1': 'decode_head.convs.0.bn',
        'last_layer.3': 'decode_head.conv_seg'
    },
    pose={'final_layer': 'head.final_layer'})


class ReleasedError(ValueError):
    """A released file is not what was expected."""


def convert_weights(state_dict: Mapping[str, Tensor],
                    task: str) -> Dict[str, Tensor]:
    """Names of a released supernet to those of our whole model.

    Args:
        state_dict (Mapping): ``superscalenet_*.pth``; keys may begin with
            ``model.`` or ``module.``, values may be half precision.
        task (str): ``seg`` (mmseg's FCNHead) or ``pose`` (mmpose's
            HeatmapHead).

    Raises:
        ReleasedError: Not a released supernet of this task.
    """
    plain = {
        re.sub(r'^(module\.|model\.)+', '', key): value
        for key, value in state_dict.items()
    }
    head = HEADS[task]
    required = ['conv1.weight', *(f'{name}.weight' for name in head)]
    missing = [key for key in required if key not in plain]
    if missing or not any(FUSION.match(key) for key in plain):
        raise ReleasedError(
            f'expected a released supernet for {task} with '
            f'{(missing or ["stage2.0.fuse_layers_1..."])[0]}, got keys such '
            f'as {sorted(plain)[:3]}')
    out = {}
    for key, value in plain.items():
        name = _renamed(key, head)
        out[name] = value.float() if value.is_floating_point() else value
    _fold_bias(out, 'decode_head.convs.0.conv', 'decode_head.convs.0.bn')
    return out


def _renamed(key: str, head: Mapping[str, str]) -> str:
    for old, new in head.items():
        if key.startswith(f'{old}.'):
            return new + key[len(old):]

    def fusion(match):
        stage, level, target, source = match.groups()
        return f'{stage}.fusions.{int(level) - 1}_{target}_{source}.'

    return 'backbone.' + FUSION.sub(fusion, key)


def _fold_bias(state_dict: Dict[str, Tensor], conv: str, norm: str) -> None:
    """BN(y + b) with mean m equals BN(y) with mean m - b."""
    bias = state_dict.pop(f'{conv}.bias', None)
    if bias is not None:
        mean = state_dict[f'{norm}.running_mean']
        state_dict[f'{norm}.running_mean'] = mean - bias


def drop_fixed(state_dict: Dict[str, Tensor],
               names: Mapping[str, Any]) -> List[str]:
    """Remove fusions that the single-scale space never runs.

    The released pose supernet still holds them. Returns the removed keys.
    """
    extra = [key for key in state_dict if key not in names]
    for key in extra:
        if '.fusions.' not in key:
            raise ReleasedError(f'unexpected weights {key}')
        del state_dict[key]
    return extra


def load_weights(path: Path) -> Mapping[str, Tensor]:
    """State dict of a checkpoint file, tensors only.

    Raises:
        ReleasedError: The file holds anything but a state dict.
    """
    try:
        data = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError,
            KeyError) as error:
        # torch first says how to load it by running its code
        text = str(error).split('WeightsUnpickler error:')[-1]
        first = text.strip().splitlines() or ['empty file']
        raise ReleasedError(f'{path}: not a checkpoint ({first[0]})') from None
    for key in ('state_dict', 'model'):
        if isinstance(data, dict) and isinstance(data.get(key), dict):
            data = data[key]
    if not isinstance(data, dict) or not data or not all(
            isinstance(value, Tensor) for value in data.values()):
        raise ReleasedError(f'{path}: expected a dict of tensors')
    return data


def load_mask(path: Path) -> List[Dict[str, Any]]:
    """Modules of a mask file, as ``ScaleNetArch.from_released`` takes them.

    Args:
        path (Path): The released ``.npy`` (an object array of dicts with
            ``d`` and ``f``), or JSON: the modules, or an object with them.

    Raises:
        ReleasedError: Not a mask file, or it asks for other code.
    """
    data = path.read_bytes()
    try:
        if data.startswith(b'\x93NUMPY'):
            return [_mask_module(module) for module in _load_objects(data)]
        modules = json.loads(data)
    except ReleasedError:
        raise
    except UnsafePickle as error:
        raise ReleasedError(f'{path}: refused to load it ({error})') from None
    except Exception as error:
        raise ReleasedError(f'{path}: not a mask file ({error})') from None
    if isinstance(modules, dict) and 'modules' in modules:
        modules = modules['modules']
    if not isinstance(modules, list):
        raise ReleasedError(f'{path}: expected a list of modules, got '
                            f'{type(modules).__name__}')
    return modules


def _load_objects(data: bytes) -> Any:
    """Content of a ``.npy`` file of objects, without running its code."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0) else np.lib.format.read_array_header_2_0)
    _, _, dtype = read(stream)
    if not dtype.hasobject:
        raise ReleasedError(f'expected an array of objects, got {dtype}')
    return load_plain(stream).ravel().tolist()


def _mask_module(module: Mapping[str, Any]) -> Dict[str, Any]:
    depth = [int(value) for value in np.asarray(module['d']).ravel()]
    fusion = [[[int(bit) for bit in row] for row in rows]
              for rows in module['f']]
    return dict(depth=depth, fusion=fusion)
