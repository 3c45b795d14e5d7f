"""Parameters in few groups."""
from typing import Any, Dict, List

import torch
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from torch import nn
from torch.optim import SGD, Optimizer

from scalenas_mm.registry import OPTIM_WRAPPER_CONSTRUCTORS
from scalenas_mm.spaces import SettingError


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class FewGroupsConstructor(DefaultOptimWrapperConstructor):
    """MMEngine's constructor, but parameters of equal options share a group.

    With ``paramwise_cfg`` that one gives each parameter a group of its own,
    and optimizers go through groups one after the other: a supernet has
    hundreds of small parameters, and ``fused`` or ``foreach`` gain nothing.
    Steps are the same; clipping adds up norms in another order. Checkpoints
    resume only with as many groups as they were written with.
    """

    def __call__(self, model: nn.Module) -> OptimWrapper:
        wrapper = super().__call__(model)
        begin_momentum(wrapper.optimizer)
        return wrapper

    def add_params(self,
                   params: List[Dict[str, Any]],
                   module: nn.Module,
                   prefix: str = '',
                   **kwargs: Any) -> None:
        """As MMEngine's; merges groups when it is through the whole model."""
        super().add_params(params, module, prefix, **kwargs)
        if not prefix:
            params[:] = merged(params)


def merged(groups: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """One group for each set of options, in the order of their first
    parameters.

    Raises:
        SettingError: A parameter is in two of them.
    """
    every = [id(one) for group in groups for one in group['params']]
    if len(set(every)) < len(every):
        raise SettingError('paramwise_cfg.bypass_duplicate', 'True, as parts '
                           'of the model share parameters', False)
    found: Dict[str, Dict[str, Any]] = {}
    for group in groups:
        options = {key: group[key] for key in sorted(group) if key != 'params'}
        one = found.setdefault(repr(options), dict(options, params=[]))
        one['params'] += group['params']
    return list(found.values())


def begin_momentum(optimizer: Optimizer) -> None:
    """Momentum of 0, which gives the first step that none gives: fused SGD
    fails on a group where some parameters, such as those of layers that were
    in no sub-network so far, have none yet."""
    for group in optimizer.param_groups if isinstance(optimizer, SGD) else ():
        if group['fused'] and group['momentum'] and not group['dampening']:
            for one in group['params']:
                optimizer.state[one]['momentum_buffer'] = torch.zeros_like(one)
