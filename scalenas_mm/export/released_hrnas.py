"""Read what the authors of HR-NAS released: weights."""
from typing import Any, Dict, List, Mapping, NamedTuple

import torch
from torch import Tensor

from scalenas_mm.backbones import HRNAS
from scalenas_mm.spaces import HRNASArch, HRNASSpace
from .released import ReleasedError
from .released_hrnas_shapes import (Tensors, depthwise, infer_arch,
                                    infer_space, take_apart)

# part of a released name -> part of the name here
TRANSFORMER = {
    'encoder.self_attn.': 'encoder.attention.',
    'decoder.multihead_attn.': 'decoder.attention.',
    'query_embed.weight': 'query'
}
BLOCK = {
    'expand_conv.0.': 'mix.expand.',
    'expand_conv.1.': 'mix.expand_norm.',
    'se_op.se_reduce.': 'mix.se.reduce.',
    'se_op.se_expand.': 'mix.se.expand.',
    'project_conv.0.': 'mix.project.',
    'project_conv.1.': 'mix.project_norm.',
    'pw_bn.': 'mix.project_norm.',
    'residual.': 'shortcut.',
    'transformer.': 'transformer.'
}
# what the parts of a block with one kernel each are joined to, and along
# which axis
JOINED = {
    '.0.0.': ('mix.expand.', 0),
    '.0.1.': ('mix.expand_norm.', 0),
    '.1.1.': ('mix.norm.', 0),
    '.2.': ('mix.project.', 1)
}
REST = {'downsamples.': 'backbone.stem.'}
HEADS = dict(
    seg={'classifier.': 'decode_head.conv_seg.'},
    pose={'classifier.': 'head.final_layer.'},
    cls={
        'classifier.1.': 'head.fc.',
        'final_layer.': 'backbone.head.final.'
    })


class Converted(NamedTuple):
    """A released network as ours.

    Attributes:
        weights: State dict of the whole model.
        backbone: Config of its backbone.
        arch: Its architecture.
    """
    weights: Dict[str, Tensor]
    backbone: Dict[str, Any]
    arch: HRNASArch


def transformer_weights(released: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """Names of a released transformer to those of
    :class:`~scalenas_mm.ops.LightweightTransformer` (``released``).

    Args:
        released (Mapping): State dict of one ``Transformer``; values may be
            half precision.
    """
    out = {}
    for name, value in released.items():
        for theirs, ours in TRANSFORMER.items():
            name = name.replace(theirs, ours)
        out[name] = value.float() if value.is_floating_point() else value
    return out


def convert_hrnas(state_dict: Mapping[str, Tensor], task: str) -> Converted:
    """A released network as a whole model of ours.

    Args:
        state_dict (Mapping): Keys may begin with ``module.`` or ``model.``;
            values may be half precision.
        task (str): ``seg`` (mmseg's FCNHead without convolutions), ``pose``
            (mmpose's HeatmapHead without deconvolutions) or ``cls``
            (mmpretrain's LinearClsHead after global average pooling).

    Raises:
        ReleasedError: Not a released network of this task; weights are
            missing, left over or of another shape.
    """
    released = take_apart(state_dict)
    settings = infer_space(released)
    head = 'classification' if task == 'cls' else 'dense'
    if settings['head'] != head:
        raise ReleasedError(
            f'expected the head {head} for {task}, the weights '
            f'have {settings["head"]}')
    arch = infer_arch(released, HRNASSpace(**settings))
    backbone = _backbone(settings, arch, task, released.fused)
    weights: Dict[str, Tensor] = {}
    for key, value in released.rest.items():
        weights[_rest(key, task)] = value
    for name, block in released.blocks.items():
        weights.update({
            f'backbone.{name}.{key}': value
            for key, value in block_weights(block).items()
        })
    weights = transformer_weights(weights)
    _check(weights, backbone,
           HEADS[task]['classifier.' if task != 'cls' else 'classifier.1.'])
    return Converted(weights, backbone, arch)


def _backbone(settings: Dict[str, Any], arch: HRNASArch, task: str,
              fused: bool) -> Dict[str, Any]:
    """Config of the backbone: what is not the default."""
    usual = HRNASSpace().to_dict()
    out = dict(type='scalenas_mm.HRNAS', arch=arch.to_dict())
    out.update({k: v for k, v in settings.items() if v != usual[k]})
    out['upsample'] = 'released'
    if task == 'pose':
        out['norm_cfg'] = dict(type='BN')
    if fused:
        out['act_cfg'] = dict(type='Swish')
    return out


def _rest(key: str, task: str) -> str:
    """The name here; a key that has none stays, and is refused later."""
    for old, new in {**REST, **HEADS[task]}.items():
        if key.startswith(old):
            return new + key[len(old):]
        if old == 'final_layer.' and f'.{old}' in key:
            return new + key.partition(old)[2]
    return key


def block_weights(block: Tensors) -> Tensors:
    """Tensors of a released block by their names in
    :class:`~scalenas_mm.ops.SearchingBlock`.

    Expansions and projections of the kernels become one; so do norms. Names
    that have no place stay.
    """
    out, kernels = {}, depthwise(block)
    for kernel, name in kernels.items():
        out[f'mix.depthwise.{kernel}.weight'] = block[f'{name}.1.0.weight']
    for key, value in block.items():
        for old, new in BLOCK.items():
            if key.startswith(old) and (kernels or old != 'pw_bn.'):
                out[new + key[len(old):]] = value
                break
        else:
            if not key.startswith(('ops.', 'depth_ops.', 'pw_bn.')):
                out[key] = value
    for old, (new, axis) in JOINED.items():
        out.update(_joined(block, list(kernels.values()), old, new, axis))
    return out


def _joined(block: Tensors, names: List[str], old: str, new: str,
            axis: int) -> Tensors:
    out = {}
    for key in block:
        if names and key.startswith(names[0] + old):
            rest = key[len(names[0] + old):]
            values = [block[f'{name}{old}{rest}'] for name in names]
            out[new + rest] = torch.cat(values,
                                        axis) if values[0].ndim else values[0]
    return out


def _check(weights: Mapping[str, Tensor], backbone: Dict[str, Any],
           head: str) -> None:
    """Every weight of the network is there, in its shape, and no other."""
    arguments = {k: v for k, v in backbone.items() if k != 'type'}
    with torch.device('meta'):  # names and shapes only
        net = HRNAS(**arguments)
    expected = {
        f'backbone.{key}': tuple(value.shape)
        for key, value in net.state_dict().items()
    }
    channels, = net.space.output_channels(net.arch)
    classes = len(weights.get(f'{head}bias', ()))
    ones = () if head == 'head.fc.' else (1, 1)
    expected[f'{head}weight'] = (classes, channels, *ones)
    expected[f'{head}bias'] = (classes, )
    for name in sorted(set(expected) | set(weights)):
        if name not in weights:
            raise ReleasedError(f'no weights for {name}')
        if name not in expected:
            raise ReleasedError(f'weights {name} have no place')
        shape = tuple(weights[name].shape)
        if shape != expected[name]:
            raise ReleasedError(
                f'{name}: expected shape {expected[name]}, got {shape}')
