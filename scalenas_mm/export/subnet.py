"""Cut one sub-network out of a supernet and check that it is the same."""
from copy import deepcopy
from typing import Any, Dict, NamedTuple, Sequence

import torch
from torch import Tensor, nn

from scalenas_mm.backbones import find_searchable
from scalenas_mm.evaluation import calibrated
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
        arch (ScaleNetArch or another): The architecture.
    """
    plain = deepcopy(cfg.get('architecture', cfg))
    plain.pop('init_cfg', None)
    plain['backbone'].pop('init_cfg', None)
    plain['backbone']['arch'] = arch.to_dict()
    return plain


@torch.no_grad()
def cut(supernet: nn.Module, cfg: Dict[str, Any], arch: Any,
        calibration: Sequence[Any], batches: Sequence[Any]) -> Subnet:
    """Build the sub-network and verify it.

    Args:
        supernet (nn.Module): The supernet, or a model with a searchable
            backbone. It stays as it is.
        cfg (dict): Its config.
        arch (ScaleNetArch or another): What to cut out.
        calibration (Sequence): Training batches for the statistics of batch
            norm, as in the search.
        batches (Sequence): Collated validation batches on which outputs are
            compared.

    Raises:
        ExportError: Outputs differ.
    """
    backbone = find_searchable(supernet)
    arch = backbone.space.live(arch)
    network = getattr(supernet, 'architecture', supernet)
    plain = fixed_cfg(cfg, arch)
    model = MODELS.build(deepcopy(plain)).eval()
    model.to(next(supernet.parameters()).device)
    with backbone.active(arch), calibrated(supernet, calibration):
        weights = network.state_dict()
        model.load_state_dict(
            {key: weights[key]
             for key in model.state_dict()})
        for batch in batches:
            _compare(network, model, batch)
    return Subnet(arch, plain, model)


def _compare(network: nn.Module, model: nn.Module, batch: Any) -> None:
    """Equal bit for bit on a CPU; elsewhere kernels may differ slightly."""
    inputs = model.data_preprocessor(batch, False)['inputs']
    expected = _tensors(network(inputs, mode='tensor'))
    got = _tensors(model(inputs, mode='tensor'))
    exact = inputs.device.type == 'cpu'
    for a, b in zip(expected, got):
        same = torch.equal(a, b) if exact else torch.allclose(
            a, b, rtol=1e-4, atol=1e-4 * float(a.abs().max()))
        if not same:
            raise ExportError(
                'outputs of the sub-network differ from the supernet by up '
                f'to {float((a - b).abs().max()):.3g}')


def _tensors(output: Any) -> Sequence[Tensor]:
    if isinstance(output, Tensor):
        return [output]
    values = output.values() if isinstance(output, dict) else output
    return [tensor for value in values for tensor in _tensors(value)]
