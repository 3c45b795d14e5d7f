from typing import Any, Dict

import numpy as np

from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.settings import whole
from .objectives import Constraints
from .searcher import Draw, Searcher, SearchExhausted


class StratifiedRandom(Searcher):
    """Independent samples that are spread evenly along a cost.

    Costs of random architectures lie close together. Here the range of one
    cost is divided into bins of equal width, which take turns, so that a front
    is filled from its cheap end to its dear one.

    Args:
        cost (str): Name of the cost.
        bins (int): How many bins. They divide what the space has, within the
            constraint on this cost.
        **kwargs: ``N``, ``seed`` and others as for :class:`Searcher`.

    Raises:
        SettingError: A setting is wrong.
    """

    def __init__(self,
                 *args: Any,
                 cost: str = 'macs',
                 bins: int = 10,
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if cost not in self.costs.keys:
            raise SettingError('cost', 'one of ' + ', '.join(self.costs.keys),
                               cost)
        self.cost, self.bins = cost, whole('bins', bins, 1)
        space, within = self.space, self.constraints.ranges
        low, high = within.get(cost, (-np.inf, np.inf))
        low, high = (end(self.costs(space.live(arch))[cost], limit)
                     for end, arch, limit in ((max, space.min_arch(), low),
                                              (min, space.max_arch(), high)))
        edges = np.linspace(low, high, bins + 1).tolist()
        self.strata = [
            Constraints({
                **within, cost: pair
            }, self.costs) for pair in zip(edges[:-1], edges[1:])
        ]
        self._whole = self.constraints

    def identity(self) -> Dict[str, Any]:
        return dict(super().identity(), cost=self.cost, bins=self.bins)

    def propose(self, id: int) -> Draw:
        """From the bin whose turn it is, or the next one that has any."""
        for turn in range(self.bins):
            rng = np.random.default_rng([self.seed, id, turn])
            self.constraints = self.strata[(id + turn) % self.bins]
            try:
                return self.sample(rng, self.initial[id % len(self.initial)])
            except SearchExhausted:
                continue
            finally:
                self.constraints = self._whole
        return self.sample(self.rng(id))
