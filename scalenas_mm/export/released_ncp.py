"""Read the networks that the authors of NCP released."""
import re
from typing import Dict, List, Mapping, Tuple

import torch
from torch import Tensor

from scalenas_mm.backbones import NCPNet
from .released import ReleasedError

FUSION = re.compile(r'features\.(\d+)\.fuse_layers\.(\d+)\.(\d+)\.(?:0\.)?'
                    r'(?=[01]\.\w+$)')
BRANCH = re.compile(r'features\.(\d+)\.(?=branches\.)')
# released name -> name here
PLAIN = {
    'downsamples.': 'backbone.stem.',
    'transform.': 'backbone.project.',
}
HEADS = dict(seg='decode_head.conv_seg.', cls='head.fc.')


def infer_code(state_dict: Mapping[str, Tensor]) -> List[int]:
    """The 27 integers of a released network, read off names and shapes.

    Raises:
        ReleasedError: Not a released network of NCP.
    """
    plain = _plain(state_dict)
    stages: Dict[int, List[List[int]]] = {}
    blocks: Dict[int, int] = {}
    for module in range(0, 2 * len(plain), 2):
        if not any(key.startswith(f'features.{module}.') for key in plain):
            break
        branches = _branches(plain, module + 1)
        blocks[len(branches)] = blocks.get(len(branches), 0) + 1
        stages[len(branches)] = branches
    if sorted(stages) != [1, 2, 3, 4]:
        raise ReleasedError(
            'expected modules of 1, 2, 3 and 4 branches (features.*), got '
            f'{sorted(stages)}')
    code = [_width(plain, f'downsamples.{i}.0.weight') for i in (0, 1)]
    for stage, branches in sorted(stages.items()):
        code += [blocks[stage], *map(len, branches), *(b[0] for b in branches)]
    return [*code, _width(plain, 'transform.0.weight')]


def convert_ncp(state_dict: Mapping[str, Tensor],
                task: str) -> Dict[str, Tensor]:
    """Names of a released network to those of our whole model.

    Args:
        state_dict (Mapping): Keys may begin with ``module.`` or ``model.``;
            values may be half precision.
        task (str): ``seg`` (mmseg's FCNHead without convolutions) or ``cls``
            (mmpretrain's LinearClsHead after global average pooling).

    Raises:
        ReleasedError: Not a released network; weights are missing, left over
            or of another shape.
        ArchError: The code is none of NCP's space.
    """
    with torch.device('meta'):  # names and shapes only
        net = NCPNet(infer_code(state_dict))
    names = _block_names(net)
    out = {}
    for key, value in _plain(state_dict).items():
        if task == 'cls' and key == 'classifier.weight':
            value = value.flatten(1)
        key = _renamed(key, {**PLAIN, 'classifier.': HEADS[task]}, names)
        out[key] = value.float() if value.is_floating_point() else value
    _check(out, HEADS[task], net)
    return out


def _plain(state_dict: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    return {
        re.sub(r'^(module\.|model\.|backbone\.)+', '', key): value
        for key, value in state_dict.items()
    }


def _width(plain: Mapping[str, Tensor], key: str) -> int:
    if key not in plain:
        raise ReleasedError(f'expected a released network of NCP with {key}, '
                            f'got keys such as {sorted(plain)[:3]}')
    return plain[key].shape[0]


def _branches(plain: Mapping[str, Tensor], module: int) -> List[List[int]]:
    """Channels of every unit of every branch of a parallel module."""
    found: List[List[int]] = []
    while f'features.{module}.branches.{len(found)}.0.conv1.weight' in plain:
        units: List[int] = []
        name = f'features.{module}.branches.{len(found)}.'
        while f'{name}{len(units)}.conv1.weight' in plain:
            units.append(_width(plain, f'{name}{len(units)}.conv1.weight'))
        found.append(units)
    return found


def _block_names(net: NCPNet) -> List[Tuple[str, bool]]:
    """Name here of each block, and whether it is the first of its stage."""
    return [(f'backbone.stages.{i}.{block}.', block == 0)
            for i, stage in enumerate(net.arch.stages)
            for block in range(stage.blocks)]


def _renamed(key: str, plain: Mapping[str, str],
             names: List[Tuple[str, bool]]) -> str:
    """The name here; a key that has none stays, and is refused later."""
    for old, new in plain.items():
        if key.startswith(old):
            return new + key[len(old):]
    branch, fusion = BRANCH.match(key), FUSION.match(key)
    match = branch or fusion
    if match is None or int(match.group(1)) // 2 >= len(names):
        return key
    name, first = names[int(match.group(1)) // 2]
    if fusion:
        target, source = int(fusion.group(2)), int(fusion.group(3))
        if first and name.startswith(f'backbone.stages.{target}.'):
            source = max(target - 1, 0)  # makes the new branch
        name += f'fusions.{target}_{source}.'
    return name + key[match.end():]


def _check(weights: Mapping[str, Tensor], head: str, net: NCPNet) -> None:
    """Every weight of the network is there, in its shape, and no other."""
    own, arch = net.state_dict(), net.arch
    expected = {f'backbone.{key}': tuple(v.shape) for key, v in own.items()}
    classes = len(weights.get(f'{head}bias', ()))
    ones = (1, 1) if 'decode' in head else ()
    expected[f'{head}weight'] = (classes, arch.output, *ones)
    expected[f'{head}bias'] = (classes, )
    for name in sorted(set(expected) | set(weights)):
        if name not in weights:
            raise ReleasedError(f'no weights for {name} of the code {arch}')
        if name not in expected:
            raise ReleasedError(
                f'weights {name} have no place in the code {arch}')
        shape = tuple(weights[name].shape)
        if shape != expected[name]:
            raise ReleasedError(f'{name}: expected shape {expected[name]} for '
                                f'the code {arch}, got {shape}')
