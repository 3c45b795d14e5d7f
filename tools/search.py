"""Search a trained supernet; the result is ``archive.jsonl``."""
from _cli import (build_runner, check_checkpoint, fail, load_config,
                  readable_errors, runner_parser)


def parse_args():
    parser = runner_parser(__doc__)
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
    # launchers put their options between CONFIG and CHECKPOINT
    return parser.parse_intermixed_args()


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
    if args.archs:
        loop.searcher = dict(
            type='ListedSearch',
            archs=args.archs,
            objectives=loop.searcher.objectives)


def main():
    args = parse_args()
    config = load_config(args)
    set_search(config, args)
    with readable_errors():
        build_runner(config).train()


if __name__ == '__main__':
    main()
