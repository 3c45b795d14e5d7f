"""An optimiser of the released code."""
from typing import Any, Callable, Iterable, List, Optional

import torch
from torch import Tensor
from torch.optim import Optimizer

from scalenas_mm.registry import OPTIMIZERS
from scalenas_mm.spaces import SettingError


@OPTIMIZERS.register_module()
class RMSpropInside(Optimizer):
    """RMSprop with ``eps`` inside the root, as in TensorFlow.

    ``v = alpha * v + (1 - alpha) * g ** 2``,
    ``m = momentum * m + g / sqrt(v + eps)``, ``p = p - lr * m``. The released
    code of HR-NAS uses it for ImageNet; ``torch.optim.RMSprop`` adds ``eps``
    to the root.

    Args:
        params: As all optimisers.
        lr (float): Learning rate.
        alpha (float): Decay of the average of squares.
        eps (float): Added to it.
        momentum (float): Of the steps.
        weight_decay (float): Added to gradients, times the parameters.

    Raises:
        SettingError: A number is negative.
    """

    def __init__(self,
                 params: Iterable[Any],
                 lr: float = 0.016,
                 alpha: float = 0.9,
                 eps: float = 1e-3,
                 momentum: float = 0.9,
                 weight_decay: float = 0.0) -> None:
        numbers = dict(
            lr=lr,
            alpha=alpha,
            eps=eps,
            momentum=momentum,
            weight_decay=weight_decay)
        for name, value in numbers.items():
            if not value >= 0:
                raise SettingError(name, 'a number >= 0', value)
        super().__init__(params, numbers)

    @torch.no_grad()
    def step(self, closure: Optional[Callable] = None) -> Any:
        """One step of all parameters that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group['params'] if p.grad is not None]
            if params:
                self._update(params, group)
        return loss

    def _update(self, params: List[Tensor], group: dict) -> None:
        states = [self._state(p) for p in params]
        grads: Any = [p.grad for p in params]
        if group['weight_decay']:
            grads = torch._foreach_add(
                grads, params, alpha=group['weight_decay'])
        squares = [state['square_avg'] for state in states]
        steps = [state['momentum_buffer'] for state in states]
        alpha = group['alpha']
        torch._foreach_mul_(squares, alpha)
        torch._foreach_addcmul_(squares, grads, grads, 1 - alpha)
        roots = torch._foreach_add(squares, group['eps'])
        torch._foreach_sqrt_(roots)
        torch._foreach_mul_(steps, group['momentum'])
        torch._foreach_addcdiv_(steps, grads, roots)
        torch._foreach_add_(params, steps, alpha=-group['lr'])

    def _state(self, parameter: Tensor) -> dict:
        state = self.state[parameter]
        if not state:
            for name in ('square_avg', 'momentum_buffer'):
                state[name] = torch.zeros_like(
                    parameter, memory_format=torch.preserve_format)
        return state
