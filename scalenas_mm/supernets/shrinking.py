"""A network that gets smaller while it trains."""
from functools import cached_property
from typing import Any, Dict, List, Optional

import torch
from mmengine.model import BaseModel
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm, _InstanceNorm
from torch import Tensor, nn

from scalenas_mm.backbones.base import (SHRINKING, find_searchable,
                                        with_preprocessor)
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError
from .unit_penalty import UnitPenalty

NORMS = (_BatchNorm, _InstanceNorm, nn.LayerNorm, nn.GroupNorm)


@MODELS.register_module()
class ShrinkingSupernet(BaseModel):
    """Trains any OpenMMLab model with a shrinking backbone (HR-NAS).

    To the losses of the model it adds ``loss_penalty``, by which units that
    the task does not need go to zero. Removing them is for
    :class:`~scalenas_mm.engine.ShrinkHook`.

    Args:
        architecture (dict): Config of the model.
        penalty (dict, optional): Arguments of
            :class:`~scalenas_mm.supernets.UnitPenalty`. None: nothing pulls
            units to zero.
        weight_decay (float): Adds ``loss_weight_decay``, half of this times
            the sum of squares of all parameters outside norm layers, as the
            released code does; then the optimiser must have none. By default
            weight decay is the optimiser's, as in the paper.
        data_preprocessor (Any): Given to an architecture without one of its
            own. The runner passes what stands at the top level of a config.
        init_cfg (dict | list[dict], optional): Initialisation.

    ``mode='tensor'`` and ``mode='predict'`` run the model.

    Raises:
        SettingError: The backbone is a fixed or shared one, or an argument is
            not valid.
    """

    def __init__(self,
                 architecture: dict,
                 penalty: Optional[dict] = None,
                 weight_decay: float = 0.0,
                 data_preprocessor: Any = None,
                 init_cfg: Any = None):
        architecture = with_preprocessor(architecture, data_preprocessor)
        network = MODELS.build(architecture)
        super().__init__(
            data_preprocessor=network.data_preprocessor, init_cfg=init_cfg)
        self.architecture = network
        self.penalty = None if penalty is None else UnitPenalty(**penalty)
        self.weight_decay = weight_decay
        backbone = find_searchable(network)
        if backbone.kind != SHRINKING:
            raise SettingError(
                'model.architecture', 'a backbone that shrinks, built with '
                'its largest architecture', backbone.kind)
        if self.penalty is not None:
            self.penalty.unit_costs(backbone)  # raises now if ever

    @cached_property  # which does not register it as a sub-module again
    def backbone(self):
        """The searchable backbone."""
        return find_searchable(self.architecture)

    def forward(self,
                inputs: Any,
                data_samples: Any = None,
                mode: str = 'tensor') -> Any:
        out = self.architecture(inputs, data_samples, mode=mode)
        if mode == 'loss':
            out.update(self.extra_losses())
        return out

    def extra_losses(self) -> Dict[str, Tensor]:
        """What is added to the losses of the task."""
        out = {}
        if self.penalty is not None:
            out['penalty_weight'] = self.penalty.current().detach().clone()
            out['loss_penalty'] = self.penalty(self.backbone)
        if self.weight_decay:
            out['loss_weight_decay'] = _HalfSquares.apply(
                self.weight_decay, *decayed(self.architecture))
        return out


def decayed(model: nn.Module) -> List[nn.Parameter]:
    """Trained parameters outside norm layers.

    Of the released networks these are all with two or four dimensions, query
    embeddings and depthwise convolutions among them, and the bias of the last
    layer.
    """
    return [
        parameter for module in model.modules()
        if not isinstance(module, NORMS)
        for parameter in module.parameters(recurse=False)
        if parameter.requires_grad
    ]


class _HalfSquares(torch.autograd.Function):
    """``factor / 2`` times the sum of squares of many tensors."""

    @staticmethod
    def forward(ctx: Any, factor: float, *tensors: Tensor) -> Tensor:
        ctx.factor = factor
        ctx.save_for_backward(*tensors)
        norms = torch.stack(torch._foreach_norm(tensors))
        return factor / 2 * norms.square().sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return (None,
                *torch._foreach_mul(ctx.saved_tensors, ctx.factor * gradient))
