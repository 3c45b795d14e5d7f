"""Search a trained supernet; the result is ``archive.jsonl``."""
from _cli import (check_checkpoint, fail, load_config, readable_errors,
                  runner_parser)
from mmengine.runner import Runner

import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)


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
        '--archs',
        metavar='FILE',
        help='evaluate the architectures of this JSON lines file, such as an '
        'archive, instead of searching')
    # launchers put their options between CONFIG and CHECKPOINT
    return parser.parse_intermixed_args()


def main():
    args = parse_args()
    config = load_config(args)
    if 'searcher' not in (config.get('train_cfg') or {}):
        fail(f'{args.config}: expected train_cfg of type '
             'scalenas_mm.SearchLoop; this config trains')
    config.load_from = args.checkpoint or config.get('load_from')
    if not config.load_from:
        fail('which supernet? give CHECKPOINT or set load_from in the config')
    check_checkpoint(config.load_from)
    config.train_cfg.resume = args.resume
    if args.archs:
        config.train_cfg.searcher = dict(
            type='ListedSearch',
            archs=args.archs,
            objectives=config.train_cfg.searcher.objectives)
    with readable_errors():
        Runner.from_cfg(config).train()


if __name__ == '__main__':
    main()
