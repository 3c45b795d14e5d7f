"""Cut one sub-network out of a supernet and check that it is the same."""
from copy import deepcopy
from typing import Any, Dict, Mapping, NamedTuple, Sequence

import torch
from mmengine.config import ConfigDict
from torch import nn

from scalenas_mm.backbones import (find_searchable, model_parts, plain_cfg,
                                   plain_followers, searchable_cfg)
from scalenas_mm.evaluation import (Statistics, estimate_statistics,
                                    local_norms, preprocessed, run_tensor,
                                    tensors, with_statistics)
from scalenas_mm.registry import MODELS


class ExportError(RuntimeError):
    """The sub-network does not give the supernet's outputs."""


class Subnet(NamedTuple):
    """A sub-network as an ordinary model.

    Attributes:
        arch: The architecture, without dead layers.
        cfg: Config of the model.
        model: The model, in evaluation mode.
    """
    arch: Any
    cfg: Dict[str, Any]
    model: nn.Module


def fixed_cfg(cfg: Dict[str, Any], arch: Any) -> Dict[str, Any]:
    """Config of a model with the fixed architecture ``arch``.

    Args:
        cfg (dict): Config of a model with a searchable backbone, or of a
            supernet around one.
        arch (Arch): The architecture.
    """
    plain = plain_followers(plain_cfg(cfg), arch)
    backbone = searchable_cfg(plain)
    for part in (plain, backbone):
        part.pop('init_cfg', None)
    backbone['arch'] = arch.to_dict()
    return plain


@torch.no_grad()
def cut(supernet: nn.Module,
        cfg: Dict[str, Any],
        arch: Any,
        calibration: Sequence[Any],
        batches: Sequence[Any],
        seed: int = 0) -> Subnet:
    """Build the sub-network and verify it.

    Args:
        supernet (nn.Module): The supernet, or a model with a searchable
            backbone. It stays as it is.
        cfg (dict): Its config.
        arch (Arch): What to cut out.
        calibration (Sequence): Training batches for the statistics of batch
            norm, as in the search.
        batches (Sequence): Collated validation batches on which outputs are
            compared.
        seed (int): As in the search, for the calibration.

    Raises:
        ExportError: Outputs differ.
    """
    backbone = find_searchable(supernet)
    arch = backbone.space.live(arch)
    plain = fixed_cfg(cfg, arch)
    # detectors read their config by attributes
    model = MODELS.build(ConfigDict(deepcopy(plain))).eval()
    local_norms(model)
    model.to(next(supernet.parameters()).device)
    with backbone.active(arch):
        statistics: Statistics = {}
        if calibration:
            statistics = estimate_statistics(supernet, calibration, seed)
        with with_statistics(supernet, statistics):
            network = getattr(supernet, 'architecture', supernet)
            model.load_state_dict(selected(network, arch))
            for batch in batches:
                _compare(network, model, batch)
    return Subnet(arch, plain, model)


def selected(network: nn.Module, arch: Any) -> Dict[str, torch.Tensor]:
    """The weights of a sub-network, copied out of the larger network."""
    weights = network.state_dict()
    return {
        key: weights[key][index].clone()
        for key, index in model_parts(network, arch).items()
    }


@torch.no_grad()
def load_part(network: nn.Module, weights: Mapping[str, torch.Tensor],
              arch: Any) -> None:
    """Put the weights of a sub-network into the larger network; the inverse
    of :func:`selected`.

    Args:
        network (nn.Module): The larger network, with a searchable backbone.
        weights (Mapping): State dict of the sub-network.
        arch (Arch): Its architecture.

    Raises:
        ExportError: Keys or shapes are others than those of the part; nothing
            was changed.
    """
    own, parts = network.state_dict(), model_parts(network, arch)
    counters = {key for key in parts if key.endswith('num_batches_tracked')}
    wrong = (set(parts) - counters) ^ (set(weights) - counters) | {
        key
        for key in set(parts) & set(weights)
        if own[key][parts[key]].shape != weights[key].shape
    }
    if wrong:
        raise ExportError('the weights are not those of the part '
                          f'{arch.digest}: {len(wrong)} entries differ, such '
                          f'as {min(wrong)}')
    for key in set(parts) & set(weights):
        own[key][parts[key]] = weights[key]


def _compare(network: nn.Module, model: nn.Module, batch: Any) -> None:
    """Equal bit for bit on a CPU; elsewhere kernels may differ slightly."""
    # each its own, since networks for points write into their voxels
    expected, got = (
        tensors(run_tensor(net, preprocessed(model, batch)))
        for net in (network, model))
    if len(expected) != len(got) or not got:
        raise ExportError(f'the sub-network has {len(got)} outputs, the '
                          f'supernet {len(expected)}')
    for a, b in zip(expected, got, strict=True):
        if a.shape != b.shape:
            raise ExportError(f'an output of the sub-network has the shape '
                              f'{tuple(b.shape)}, in the supernet it has '
                              f'{tuple(a.shape)}')
        exact = a.device.type == 'cpu' or not a.is_floating_point()
        same = torch.equal(a, b) if exact else torch.allclose(
            a, b, rtol=1e-4, atol=1e-4 * float(a.abs().max()))
        if not same:
            raise ExportError(
                'outputs of the sub-network differ from the supernet by up '
                f'to {float((a - b).abs().max()):.3g}')
