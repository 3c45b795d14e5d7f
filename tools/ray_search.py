"""Search a trained supernet with workers on Ray, which may come and go.

Without ``--address`` it starts Ray on this machine. The result is the archive
that tools/search.py writes, whatever the number of workers.
"""
from _cli import fail, load_config, readable_errors
from _search import run, search_parser, set_search


def number(text):
    """A number of workers, None for as many as there is room for."""
    return None if text == 'auto' else int(text)


def parse_args():
    parser = search_parser(__doc__)
    parser.add_argument(
        '--address',
        help='of a cluster, or auto for the one that this machine belongs to; '
        'needs RAY_AUTH_MODE=token')
    parser.add_argument(
        '--workers',
        type=number,
        metavar='N|auto',
        help='how many (default: auto, as many as the cluster has room for, '
        'also when it grows)')
    parser.add_argument(
        '--cpus', type=float, default=1, help='cores of each (default: 1)')
    parser.add_argument(
        '--gpus',
        type=float,
        help='GPUs of each (default: 1, or 0 if the cluster has none)')
    parser.add_argument(
        '--time-limit',
        type=float,
        metavar='SECONDS',
        help='for one candidate; a worker that takes longer is ended '
        '(default: ten times the longest so far, a minute at least)')
    args = parser.parse_intermixed_args()
    if args.launcher != 'none':
        parser.error('Ray starts the processes: no --launcher')
    if args.profile:
        parser.error('workers measure elsewhere: no --profile')
    if args.workers is not None and args.workers < 1:
        parser.error(f'--workers: expected at least 1, got {args.workers}')
    if args.cpus < 0 or (args.gpus or 0) < 0 or (args.time_limit or 1) <= 0:
        parser.error('--cpus, --gpus, --time-limit: expected no negative '
                     'numbers')
    return args


def main():
    args = parse_args()
    config = load_config(args)
    set_search(config, args)
    if config.train_cfg.get('workers'):
        fail(f'{args.config}: train_cfg.workers is what the arguments say '
             'here; use tools/search.py')
    config.train_cfg.workers = dict(
        num=args.workers,
        cpus=args.cpus,
        gpus=args.gpus,
        address=args.address,
        time_limit=args.time_limit)
    with readable_errors():
        run(config, args)


if __name__ == '__main__':
    main()
