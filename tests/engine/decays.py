"""Importance factors as they decay in training, without a network."""
from types import SimpleNamespace

import numpy as np


class Counts:
    """Costs that are sums over units, of a space of numbers of units.

    ``space`` and ``batch`` are what a cost model has.
    """
    keys = ('macs', )

    def __init__(self, sizes, units, pairs=0., fixed=0.):
        self.sizes = np.asarray(sizes, np.int16)
        self.units, self.pairs, self.fixed = np.asarray(units), pairs, fixed
        self.space = SimpleNamespace(
            encode=lambda arch: np.array(arch, np.int16),
            decode=lambda genes: tuple(map(int, genes)),
            max_arch=lambda: tuple(self.sizes.tolist()),
            min_arch=lambda: (0, ) * len(self.sizes))

    def batch(self, genes):
        genes = genes.astype(np.float64)
        return dict(macs=self.fixed + genes @ self.units +
                    (genes**2) @ (self.units * self.pairs))


SCHEDULES = dict(
    constant=lambda p: 1.,
    cosine=lambda p: (1 + np.cos(np.pi * p)) / 2 + 1e-3,
    one_cycle=lambda p: .05 + p / .3
    if p < .3 else (1 + np.cos(np.pi * (p - .3) / .7)) / 2 + 1e-4)


class Decay:
    """Factors under an optimiser: the penalty pulls each one to zero by its
    cost, the task pulls it to a value of its own, and there is noise."""

    def __init__(self, costs, rng, optimizer, rate, schedule='constant'):
        self.rng, self.optimizer, self.rate = rng, optimizer, rate
        self.schedule = SCHEDULES[schedule]
        self.owner = np.repeat(np.arange(len(costs.sizes)), costs.sizes)
        self.cost = (costs.units / costs.units[self.owner].mean())[self.owner]
        num = len(self.owner)
        self.factor = np.ones(num)
        self.wanted = rng.lognormal(-.5, .6, num)
        self.pull = .01 * rng.lognormal(0, 1, num)
        self.noise = .003 * rng.lognormal(0, .5, num)
        self.first, self.second = np.zeros(num), np.zeros(num)
        self.steps = 0
        self.genes = len(costs.sizes)

    def step(self, weight, progress):
        gradient = (
            self.pull * (self.factor - self.wanted) +
            self.noise * self.rng.normal(size=len(self.factor)) +
            weight * self.cost * np.sign(self.factor))
        rate = self.rate * self.schedule(progress)
        self.steps += 1
        if self.optimizer == 'sgd':
            self.first = .9 * self.first + gradient
            self.factor = self.factor - rate * self.first
        elif self.optimizer == 'rmsprop':
            self.second = .9 * self.second + .1 * gradient**2
            self.first = .9 * self.first + gradient / np.sqrt(self.second +
                                                              1e-3)
            self.factor = self.factor - rate * self.first
        else:
            self.first = .9 * self.first + .1 * gradient
            self.second = .999 * self.second + .001 * gradient**2
            first = self.first / (1 - .9**self.steps)
            second = self.second / (1 - .999**self.steps)
            self.factor = self.factor - rate * first / (np.sqrt(second) + 1e-8)

    def groups(self):
        return [self.factor[self.owner == i] for i in range(self.genes)]

    def keep(self, scores, left):
        """Of each group, the units of the highest scores."""
        kept = np.concatenate([
            np.flatnonzero(self.owner == i)[np.sort(
                np.argsort(-score, kind='stable')[:num])]
            for i, (score, num) in enumerate(zip(scores, left))
        ]).astype(int)
        for name in ('owner', 'cost', 'factor', 'wanted', 'pull', 'noise',
                     'first', 'second'):
            setattr(self, name, getattr(self, name)[kept])


def random_counts(rng, genes=60):
    units = np.exp(rng.normal(0, 1, genes))
    sizes = rng.integers(8, 80, genes)
    return Counts(sizes, units, pairs=.01, fixed=.05 * (units @ sizes))


def shrink(controller, decay, steps, interval):
    """A run; gives the costs after each shrink, planned and reached, and the
    weights. The last shrink is at the end of the controller's time."""
    costs = controller.budget.costs
    arch, weight, trace, weights = costs.space.max_arch(), 0., [], []
    for step in range(steps):
        if controller.due(step) or step in (0, controller.end):
            weight = controller.weight(step, decay.groups(), arch)
        weights.append(weight)
        decay.step(weight, step / steps)
        done = step + 1
        if done >= controller.begin and (done % interval == 0
                                         or done == controller.end):
            scores = [np.abs(group) for group in decay.groups()]
            before, scores = arch, controller.steady(scores)
            arch = controller.choose(done, scores, arch)
            decay.keep(scores, arch)
            trace.append((done, controller.planned(done),
                          *(controller.budget.of(np.array([one]))[0]
                            for one in (before, arch))))
        if done == controller.end:
            break
    return trace, weights
