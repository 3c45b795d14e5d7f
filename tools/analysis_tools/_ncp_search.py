"""Goals of a search, and the propagation towards them."""
import argparse
from typing import NamedTuple, Optional, Tuple

from _ncp import space_of

from scalenas_mm.predictors import (NetworkCodingPropagation, Task,
                                    efficiency_targets)
from scalenas_mm.predictors.propagation import STRATEGIES
from scalenas_mm.spaces import ArchError, CostModel

MAIN_STRATEGY = STRATEGIES[0]


class Goal(NamedTuple):
    """Which settings a network shall be good at.

    Attributes:
        settings: One, or several that are searched for jointly.
        source: Setting whose optimum is the start, instead of ``initial``.
    """
    settings: Tuple[str, ...]
    source: Optional[str] = None

    @property
    def name(self):
        joined = ' + '.join(self.settings)
        return f'{joined} from {self.source}' if self.source else joined


def goal(text):
    """An argument: ``seg`` or, jointly, ``seg+video``."""
    settings = tuple(text.split('+'))
    if not all(settings) or len(set(settings)) != len(settings):
        raise argparse.ArgumentTypeError(
            f'expected SETTING or SETTING+SETTING, got {text}')
    return Goal(settings)


def weight(text):
    """An argument: the weight of the FLOPs."""
    value = float(text)
    if not 0 <= value < float('inf'):
        raise argparse.ArgumentTypeError(f'expected a number >= 0, got {text}')
    return value


def add_search_arguments(parser):
    """How to propagate; the defaults are the paper's."""
    group = parser.add_argument_group('propagation')
    group.add_argument(
        '--step',
        type=float,
        default=1.0,
        help='increment of the main metric and decrement of the FLOPs in '
        'standard deviations: 1 in the paper, 0.1 in its released code '
        '(default: 1)')
    group.add_argument('--iterations', type=int, default=70)
    group.add_argument(
        '--lr', type=float, default=3.0, help='learning rate (default: 3)')
    group.add_argument(
        '--start',
        metavar='ARCH',
        default='initial',
        help='a name (initial, max, min), a code or a JSON file (default: '
        'initial)')
    group.add_argument(
        '--shape',
        type=int,
        nargs=2,
        default=(128, 128),
        metavar=('H', 'W'),
        help='input size in pixels at which exact costs are counted, with '
        'the output at stride 4 (default: 128 128)')
    group.add_argument(
        '--max-gmacs', type=float, metavar='G', help='upper limit of MACs')
    group.add_argument(
        '--max-params',
        type=float,
        metavar='M',
        help='upper limit of parameters')


class Search:
    """Propagates towards goals.

    Args:
        args (argparse.Namespace): Of :func:`add_search_arguments`.
        found (dict[str, Fitted]): Predictors of all settings of the goals.
    """

    def __init__(self, args, found):
        spaces = [space_of(one.table) for one in found.values()]
        for name, space in zip(found, spaces):
            if space.to_dict() != spaces[0].to_dict():
                raise ArchError(f'setting {name}',
                                'the same space as the others',
                                space.to_dict())
        self.args, self.found, self.space = args, found, spaces[0]
        self.costs = CostModel(self.space, tuple(args.shape))
        self.start = self.space.encode(self.space.resolve(args.start))
        limits = dict(
            macs=args.max_gmacs and args.max_gmacs * 1e9,
            params=args.max_params and args.max_params * 1e6)
        self.limits = {
            key: limit
            for key, limit in limits.items() if limit is not None
        }

    def __call__(self, goal, lambda_, strategy=MAIN_STRATEGY):
        """The propagation of one start; for a goal with a source the start is
        the source's optimum of the same weight and strategy."""
        start = self.start
        if goal.source:
            first = self(Goal((goal.source, )), lambda_, strategy)
            start = first.codes[0]
        tasks = [self._task(name, lambda_) for name in goal.settings]
        return NetworkCodingPropagation(
            self.space,
            tasks,
            strategy=strategy,
            iterations=self.args.iterations,
            lr=self.args.lr,
            limits=self.limits,
            costs=self.costs).run(start)

    def _task(self, name, lambda_):
        one = self.found[name]
        return Task(
            one.predictor,
            efficiency_targets(one.table.main, lambda_, step=self.args.step))

    def exact(self, code):
        """Parameters in M and GMACs of a code."""
        cost = self.costs(self.space.decode(code))
        return cost['params'] / 1e6, cost['macs'] / 1e9

    def words(self):
        """How it propagates, in a line."""
        args = self.args
        words = [
            f'targets ±{args.step:g} σ', f'{args.iterations} iterations',
            f'learning rate {args.lr:g}', f'from {args.start}'
        ]
        if args.max_gmacs is not None:
            words.append(f'at most {args.max_gmacs:g} GMACs')
        if args.max_params is not None:
            words.append(f'at most {args.max_params:g} M parameters')
        return ' · '.join(words)


def all_settings(goals):
    """Settings of goals and their sources, each once, in order."""
    return list(
        dict.fromkeys(
            name for goal in goals
            for name in (*goal.settings,
                         *([goal.source] if goal.source else []))))
