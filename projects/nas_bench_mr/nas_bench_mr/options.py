"""Arguments that the commands share. Standard library only: they answer
wrong ones before anything is imported that takes long."""
import argparse
from pathlib import Path
from typing import NamedTuple, Optional, Tuple

PICTURES = ('.png', '.svg', '.pdf')
STRATEGIES = ('continuous', 'winner-takes-all')
MAIN_STRATEGY = STRATEGIES[0]
# arguments of Search
SEARCH = ('step', 'iterations', 'lr', 'start', 'shape', 'max_gmacs',
          'max_params')


class Goal(NamedTuple):
    """Which settings a network shall be good at.

    Attributes:
        settings: One, or several that are searched for jointly.
        source: Setting whose optimum is the start, instead of ``initial``.
    """
    settings: Tuple[str, ...]
    source: Optional[str] = None

    @property
    def name(self) -> str:
        joined = ' + '.join(self.settings)
        return f'{joined} from {self.source}' if self.source else joined


def make_parser(description, predictors=True):
    """A parser with what all of the commands take."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'data', help='folder of tables (NAS-Bench-MR), or one table')
    if predictors:
        parser.add_argument(
            '--predictors',
            metavar='FOLDER',
            default='work_dirs/predictors',
            help='where train_predictor.py stored SETTING.pth; those missing '
            'are trained and stored there (default: %(default)s)')
    return parser


def add_picture(parser, default=None, more=''):
    """Add ``--out``, the file of a figure."""
    shown = f'; default: {default}' if default else ''
    parser.add_argument(
        '--out',
        type=figure_file,
        default=default,
        help=f'picture (.png, .svg, .pdf{shown}){more}')


def figure_file(name):
    """An argument: the file of a figure."""
    if Path(name).suffix.lower() not in PICTURES:
        raise argparse.ArgumentTypeError(
            f'expected a file {", ".join(PICTURES)}, got {name}')
    return Path(name)


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


def add_lambda(parser):
    """Add ``--lambda``, one weight of the FLOPs."""
    parser.add_argument(
        '--lambda',
        dest='lambda_',
        type=weight,
        default=0.5,
        help='weight of the FLOPs (default: 0.5)')


def whole(lowest):
    """An argument: a whole number."""

    def convert(text):
        value = int(text)
        if value < lowest:
            raise argparse.ArgumentTypeError(
                f'expected at least {lowest}, got {value}')
        return value

    convert.__name__ = 'int'  # argparse names it
    return convert


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


def search_settings(args):
    """What :func:`add_search_arguments` added, as keyword arguments."""
    return {name: getattr(args, name) for name in SEARCH}


def all_settings(goals):
    """Settings of goals and their sources, each once, in order."""
    return list(
        dict.fromkeys(
            name for goal in goals
            for name in (*goal.settings,
                         *([goal.source] if goal.source else []))))
