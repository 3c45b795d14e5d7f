"""Read what the authors of HR-NAS released: weights."""
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

import torch
from torch import Tensor

from scalenas_mm.backbones import HRNAS
from scalenas_mm.spaces import HRNASArch, HRNASSpace
from .released import ReleasedError, load_weights
from .released_hrnas_shapes import (Tensors, depthwise, infer_arch,
                                    infer_space, plain_names, take_apart)

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

SCOPES = dict(seg='mmseg', pose='mmpose', cls='mmpretrain')
RESAVE = (
    'the released code saves whole objects, which are never unpickled here; '
    'with that code on the path, torch.save(torch.load(FILE, '
    "weights_only=False)['model'].state_dict(), NEW) makes a file that can "
    'be converted')


class Converted(NamedTuple):
    """A released network as ours.

    Attributes:
        weights: State dict of the whole model.
        model: Config of the model.
        arch: Architecture of its backbone.
        task: ``seg``, ``pose`` or ``cls``.
    """
    weights: Dict[str, Tensor]
    model: Dict[str, Any]
    arch: HRNASArch
    task: str

    @property
    def scope(self) -> str:
        """Default scope of the model's config."""
        return SCOPES[self.task]


def load_hrnas(path: Path) -> Mapping[str, Tensor]:
    """State dict in a file, tensors only.

    Raises:
        ReleasedError: The file holds anything else.
    """
    try:
        return load_weights(path)
    except ReleasedError as error:
        hint = f'; {RESAVE}' if 'global' in str(error).lower() else ''
        raise ReleasedError(f'{error}{hint}') from None


def averaged(state_dict: Mapping[str, Tensor],
             averages: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """A state dict with moving averages in the place of what they are of.

    Raises:
        ReleasedError: An average is of no tensor of this shape.
    """
    out = plain_names(state_dict)
    for name, value in plain_names(averages).items():
        if name not in out or out[name].shape != value.shape:
            raise ReleasedError(f'the average {name} of shape '
                                f'{tuple(value.shape)} is of no weight')
        out[name] = value
    return out


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


def convert_hrnas(state_dict: Mapping[str, Tensor],
                  task: Optional[str] = None) -> Converted:
    """A released network as a whole model of ours.

    Args:
        state_dict (Mapping): Keys may begin with ``module.`` or ``model.``;
            values may be half precision.
        task (str, optional): ``seg`` (mmseg's FCNHead without convolutions),
            ``pose`` (mmpose's HeatmapHead without deconvolutions) or ``cls``
            (mmpretrain's LinearClsHead after global average pooling, which
            need not be given).

    Raises:
        ReleasedError: Not a released network of this task; weights are
            missing, left over or of another shape.
    """
    released = take_apart(state_dict)
    settings = infer_space(released)
    task = _checked_task(task, settings['head'])
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
    _check(weights, backbone, _head_name(task))
    classes = len(weights[f'{_head_name(task)}bias'])
    return Converted(weights, _model(task, backbone, settings, classes), arch,
                     task)


def _head_name(task: str) -> str:
    return next(new for old, new in HEADS[task].items() if 'class' in old)


def _checked_task(task: Optional[str], head: str) -> str:
    found = ('cls', ) if head == 'classification' else ('seg', 'pose')
    if task is None and len(found) > 1:
        raise ReleasedError(
            'expected the task, seg or pose: their networks look alike')
    if task is not None and task not in found:
        raise ReleasedError(
            f'expected weights for {task}, these have the head of '
            f'{" or ".join(found)}')
    return task or found[0]


def _model(task: str, backbone: Dict[str, Any], settings: Dict[str, Any],
           classes: int) -> Dict[str, Any]:
    """Config of the model around a backbone."""
    channels = settings['head_channels'][-1]
    if task == 'cls':
        return dict(
            type='ImageClassifier',
            backbone=backbone,
            neck=dict(type='GlobalAveragePooling'),
            head=dict(
                type='LinearClsHead',
                num_classes=classes,
                in_channels=channels))
    if task == 'pose':
        return dict(
            type='TopdownPoseEstimator',
            backbone=backbone,
            head=dict(
                type='HeatmapHead',
                in_channels=channels,
                out_channels=classes,
                deconv_out_channels=None))
    return dict(
        type='EncoderDecoder',
        backbone=backbone,
        decode_head=dict(
            type='FCNHead',
            in_channels=channels,
            in_index=0,
            channels=channels,
            num_convs=0,
            concat_input=False,
            dropout_ratio=0.,
            num_classes=classes,
            align_corners=False))


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
    """What the kernels have of one kind, joined."""
    found: Dict[str, List[Tensor]] = {}
    for name in names:
        start = name + old
        for key, value in block.items():
            if key.startswith(start):
                found.setdefault(new + key[len(start):], []).append(value)
    return {
        key: torch.cat(values, axis) if values[0].ndim else values[0]
        for key, values in found.items()
    }


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
