"""The penalty that makes a network shrink (HR-NAS, Sec. 3.3)."""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from scalenas_mm.backbones.base import SearchableBackbone
from scalenas_mm.spaces import SettingError, as_size
from scalenas_mm.spaces.settings import whole

MILLION = 1e6
COUNTS = ('left', 'alive')


class UnitPenalty(nn.Module):
    """``lambda * sum(cost * |importance|)`` over all search units (Eq. 7).

    Every unit (a channel of a depthwise convolution, or a token) is pulled to
    zero by what it costs. The costs are those of what is left: they follow
    the backbone whenever it has shrunk.

    Equation 7 does not say in which unit the costs are. By default they are
    divided by their mean over the largest network, as in the released code,
    so that the penalty begins at lambda times the number of units, whatever
    the task and the size of its images. The lambdas of the paper (1.8e-4 on
    ImageNet, 1.6e-4 and 6e-5 on Cityscapes, 1e-6 for poses) are numbers of
    this kind. Otherwise costs are in millions of multiply-adds, or of
    parameters.

    Args:
        weight (float): Lambda.
        cost (str): What a unit costs: ``paper`` (Eq. 6), ``released`` (all
            that goes with a unit, as the released profiler counts it),
            ``macs``, ``params``; see :meth:`HRNASSpace.unit_costs`.
        input_size (Sequence[int]): Height and width of the images in pixels.
            The released code takes 224 x 224 for every task.
        normalise (bool): Divide by the mean.
        ramp (Sequence[int], optional): Iterations between which lambda grows
            from 0 to ``weight``. By default it is there from the start.
        tokens (str): Which tokens are counted as remaining in Eq. 6:
            ``left``, those that were not removed, or ``alive``, as the
            released code does, those of an importance (without its absolute
            value) above ``threshold``, in every iteration anew. The released
            code counts them one iteration late.
        threshold (float): For ``alive``.

    Attributes:
        weight: Lambda, a buffer. It may be set at any time.
        iteration: Iterations of training done, a buffer.

    Raises:
        SettingError: An argument is not valid.
    """
    weight: Tensor
    iteration: Tensor

    def __init__(self,
                 weight: float,
                 input_size: Sequence[int],
                 cost: str = 'paper',
                 normalise: bool = True,
                 ramp: Optional[Sequence[int]] = None,
                 tokens: str = 'left',
                 threshold: float = 1e-3) -> None:
        super().__init__()
        if isinstance(weight, bool) or not isinstance(
                weight, (int, float)) or not 0 <= weight < float('inf'):
            raise SettingError('penalty.weight', 'a number >= 0', weight)
        if tokens not in COUNTS:
            raise SettingError('penalty.tokens', f'one of {COUNTS}', tokens)
        self.input_size = as_size(input_size)
        self.cost = cost
        self.normalise = bool(normalise)
        self.ramp = _ramp(ramp)
        self.tokens = tokens
        self.threshold = threshold
        self.register_buffer('weight', torch.tensor(float(weight)))
        self.register_buffer('iteration', torch.zeros((), dtype=torch.long))
        self._of: Any = None  # what the following belong to
        self._gammas: List[nn.Parameter] = []
        self._costs = torch.zeros(0)
        self._alive: Optional[_AliveTokens] = None

    def forward(self, backbone: SearchableBackbone) -> Tensor:
        """The penalty of this iteration, a scalar.

        Args:
            backbone (SearchableBackbone): With ``gammas()``, such as
                :class:`HRNAS`.
        """
        weight = self.current()
        if self.training:
            self.iteration += 1
        self._follow(backbone)
        if not self._gammas:
            return weight * 0
        gammas = torch.cat(self._gammas).float()
        costs = self._costs
        if self._alive is not None:
            costs = self._alive(gammas.detach(), costs)
        return weight * (gammas.abs() * costs).sum()

    def current(self) -> Tensor:
        """Lambda in this iteration."""
        if self.ramp is None:
            return self.weight
        begin, end = self.ramp
        share = (self.iteration - begin) / max(end - begin, 1)
        return self.weight * share.clamp(0, 1)

    def unit_costs(self, backbone: SearchableBackbone) -> Dict[str, Tensor]:
        """Costs of all units, by the names of their parameters."""
        space, arch = backbone.space, backbone.arch
        units, tokens = space.unit_costs(arch, self.input_size, self.cost)
        scale = self._scale(space)
        out = {}
        for name, gamma in backbone.gammas().items():
            i, of_tokens = place_of(space, name)
            values = tokens[i:i + 1].repeat(
                arch.tokens[i]) if of_tokens else np.repeat(
                    units[i], arch.channels[i])
            out[name] = torch.from_numpy(values / scale).to(
                gamma.device, torch.float32)
        return out

    def _scale(self, space: Any) -> float:
        """What costs are divided by."""
        if not self.normalise:
            return MILLION
        largest = space.max_arch()
        if self.cost == 'released':
            return space.released_normaliser(largest, self.input_size)
        units, tokens = space.unit_costs(largest, self.input_size, self.cost)
        channels, counts = map(np.array, (largest.channels, largest.tokens))
        total = (units * channels).sum() + (tokens * counts).sum()
        return float(total / (channels.sum() + counts.sum()))

    def _follow(self, backbone: SearchableBackbone) -> None:
        """Take up the parameters of the backbone, if it is another one now or
        elsewhere."""
        now = (backbone, backbone.arch, self.weight.device)
        if self._of is not None and now[0] is self._of[0] and (
                now[1] is self._of[1] and now[2] == self._of[2]):
            return
        gammas = backbone.gammas()
        costs = self.unit_costs(backbone)
        self._gammas = list(gammas.values())
        self._costs = torch.cat(list(costs.values())) if costs else self._costs
        self._alive = None
        if self.tokens == 'alive':
            self._alive = _AliveTokens(self, backbone)
        self._of = now


class _AliveTokens:
    """Costs of tokens by how many of their block are above a threshold."""

    def __init__(self, penalty: UnitPenalty, backbone: SearchableBackbone):
        space, arch = backbone.space, backbone.arch
        self.threshold = penalty.threshold
        device = penalty.weight.device
        most = max(arch.tokens)
        self.table = torch.tensor(
            np.stack([
                space.unit_costs(
                    type(arch)(arch.channels,
                               tuple(min(count, n) for n in arch.tokens)),
                    penalty.input_size, penalty.cost).tokens
                for count in range(most + 1)
            ]) / penalty._scale(space),
            dtype=torch.float32,
            device=device)
        owners, where, start = [], [], 0
        for name, gamma in backbone.gammas().items():
            i, of_tokens = place_of(space, name)
            if of_tokens:
                owners += [i] * len(gamma)
                where += range(start, start + len(gamma))
            start += len(gamma)
        self.owners = torch.tensor(owners, dtype=torch.long, device=device)
        self.where = torch.tensor(where, dtype=torch.long, device=device)
        self.blocks = len(arch.tokens)

    def __call__(self, gammas: Tensor, costs: Tensor) -> Tensor:
        alive = (gammas[self.where] > self.threshold).long()
        counts = alive.new_zeros(self.blocks).index_add_(0, self.owners, alive)
        tokens = self.table[counts[self.owners], self.owners]
        return costs.index_put((self.where, ), tokens)


def place_of(space: Any, name: str) -> Tuple[int, bool]:
    """The block that a parameter of importance factors belongs to, by its
    number, and whether it is of tokens."""
    for i, place in enumerate(space.places):
        if name.startswith(f'{place.name}.'):
            return i, '.transformer.' in name
    raise KeyError(name)


def _ramp(ramp: Optional[Sequence[int]]) -> Optional[Tuple[int, int]]:
    if ramp is None:
        return None
    if not isinstance(ramp, (list, tuple)) or len(ramp) != 2:
        raise SettingError('penalty.ramp', 'two iterations', ramp)
    begin = whole('penalty.ramp[0]', ramp[0], 0)
    return begin, whole('penalty.ramp[1]', ramp[1], begin)
