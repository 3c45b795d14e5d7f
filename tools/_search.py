"""What searches have in common: their options, and how they run.

Light imports only, as in ``_cli``.
"""
import os
from tempfile import TemporaryDirectory

from _cli import build_runner, check_checkpoint, fail, runner_parser


def search_parser(description):
    """A parser with the arguments that every search has."""
    parser = runner_parser(description)
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help='supernet to search (default: load_from of the config)')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on with the archive in the work directory')
    parser.add_argument(
        '--retry-failed',
        action='store_true',
        help='resume, and first measure again the candidates that failed')
    parser.add_argument(
        '--archs',
        metavar='FILE',
        help='evaluate the architectures of this JSON lines file, such as an '
        'archive, instead of searching')
    parser.add_argument(
        '--extend',
        type=int,
        metavar='N',
        help='resume, and search N candidates more than the config says')
    parser.add_argument(
        '--profile',
        action='store_true',
        help='say at the end where the time of this process went')
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='measure a few candidates, say how long the search would take '
        'and write nothing')
    return parser


def set_search(config, args):
    """Let the config say what the arguments do."""
    loop = config.get('train_cfg') or {}
    if 'searcher' not in loop:
        fail(f'{args.config}: expected train_cfg of type '
             'scalenas_mm.SearchLoop; this config trains')
    config.load_from = args.checkpoint or config.get('load_from')
    check_checkpoint(config.load_from)
    loop.resume = args.resume or bool(loop.get('resume'))
    loop.retry_failed = args.retry_failed or bool(loop.get('retry_failed'))
    if args.extend is not None:
        extend(loop, args.extend)
    if args.profile:
        how = loop.get('evaluation') or dict(type='PopulationMajor')
        loop.evaluation = dict(how, profile=True)
    if args.archs:
        loop.searcher = dict(
            type='ListedSearch',
            archs=args.archs,
            objectives=loop.searcher.objectives)


def extend(loop, more):
    """Go on beyond the number of candidates that the config says."""
    if more < 1:
        fail(f'--extend: expected at least 1, got {more}')
    loop.searcher.N = loop.searcher.get('N', 2000) + more
    loop.resume = True


def run(config, args):
    """Search, or find out what it would take."""
    if not args.dry_run:
        build_runner(config).train()
        return
    loop = config.train_cfg
    loop.type = 'scalenas_mm.DryRunLoop'
    # only read, to know what is left
    loop.archive = os.path.abspath(
        os.path.join(config.work_dir, loop.get('archive', 'archive.jsonl')))
    with TemporaryDirectory() as config.work_dir:
        build_runner(config).train()
