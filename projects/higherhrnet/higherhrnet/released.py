"""Read what the authors of HigherHRNet released."""
import re
from typing import Any, Dict, List, Mapping, Tuple

from torch import Tensor

from scalenas_mm.export.released import ReleasedError

HEAD = ('final_layers', 'deconv_layers')
REQUIRED = ('conv1.weight', 'transition1.0.0.weight', 'final_layers.0.weight')
# of distributed training, and of half precision: layer 1 behind a cast
WRAPPERS = re.compile(r'^(module\.|model\.|1\.)+')
Weights = Dict[str, Tensor]


def convert_weights(state_dict: Mapping[str, Tensor]) -> Weights:
    """Names of a released network as those of a whole model of mmpose.

    Names inside the backbone are those of mmpose's HRNet, which ScaleNet
    reads, too; those of the head stay.

    Args:
        state_dict (Mapping): ``pose_higher_hrnet_*.pth``; keys may begin with
            ``module.`` or ``1.``, values may be half precision.

    Raises:
        ReleasedError: It is none.
    """
    plain = {WRAPPERS.sub('', key): value for key, value in state_dict.items()}
    missing = [key for key in REQUIRED if key not in plain]
    if missing:
        raise ReleasedError(
            f'expected a released HigherHRNet with {missing[0]}, got keys '
            f'such as {sorted(plain)[:3]}')
    return {
        ('head.' if key.startswith(HEAD) else 'backbone.') + key:
        value.float() if value.is_floating_point() else value
        for key, value in plain.items()
    }


def infer_model(weights: Weights) -> Tuple[int, Dict[str, Any]]:
    """What the weights of a whole model say about it.

    Args:
        weights (dict): From :func:`convert_weights`.

    Returns:
        tuple: Width of the backbone, and arguments of
        :class:`.head.HigherResolutionHead`.

    Raises:
        ReleasedError: The numbers of outputs fit no number of joints.
    """
    width = weights['backbone.transition1.0.0.weight'].shape[0]
    finals = _numbered(weights, 'head.final_layers.{}.weight')
    deconvs = _numbered(weights, 'head.deconv_layers.{}.0.0.weight')
    outputs = [final.shape[0] for final in finals]
    joints = min(outputs)
    if len(set(outputs)) == 1:  # all stages have tags
        joints //= 2
    tags = [number - joints for number in outputs]
    if len(finals) != len(deconvs) + 1 or not set(tags) <= {0, 1, joints
                                                            } or not any(tags):
        raise ReleasedError(
            'expected outputs of heatmaps and tags, one more than transposed '
            f'convolutions; got {outputs} and {len(deconvs)}')
    blocks = [
        len(
            _numbered(weights, f'head.deconv_layers.{i}.{{}}.0.conv1.weight',
                      1)) for i in range(len(deconvs))
    ]
    channels = [deconv.shape[1] for deconv in deconvs]
    before = [width, *channels]
    return width, dict(
        in_channels=width,
        num_keypoints=joints,
        deconv_channels=channels,
        deconv_kernel_sizes=[deconv.shape[2] for deconv in deconvs],
        num_blocks=blocks,
        cat_output=[
            deconv.shape[0] != before[i] for i, deconv in enumerate(deconvs)
        ],
        with_tags=[number > 0 for number in tags],
        tag_per_keypoint=max(tags) != 1,
        kernel_size=finals[0].shape[2])


def _numbered(weights: Weights, name: str, first: int = 0) -> List[Tensor]:
    """Weights whose names hold a number, from ``first`` on."""
    found = []
    while name.format(first) in weights:
        found.append(weights[name.format(first)])
        first += 1
    return found
