"""Train what a config describes: a model, a supernet, or run a search."""
from _cli import (build_runner, check_checkpoint, check_config, fail,
                  load_config, readable_errors, runner_parser)


def parse_args():
    parser = runner_parser(__doc__)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint, or from the latest in the work dir; '
        'a search goes on with its archive')
    parser.add_argument(
        '--amp', action='store_true', help='automatic mixed precision')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by the real batch size over '
        'auto_scale_lr.base_batch_size of the config')
    return parser.parse_args()


def set_resume(config, resume):
    """Let the runner resume from ``resume``: a checkpoint, 'auto' or None.

    Without it the config's own ``resume`` holds.
    """
    if 'searcher' in (config.get('train_cfg') or {}):
        if resume not in (None, 'auto'):
            fail('--resume: a search goes on with its archive, not with a '
                 f'checkpoint, got {resume}')
        # load_from is the supernet, not where the search stopped
        if config.pop('resume', False) or resume:
            config.train_cfg.resume = True
    elif resume == 'auto':
        from mmengine.runner import find_latest_checkpoint
        latest = find_latest_checkpoint(config.work_dir)
        # the first start of a job may resume nothing, but load_from holds
        config.resume = latest is not None
        config.load_from = latest or config.get('load_from')
    elif resume:
        config.resume, config.load_from = True, resume
    check_checkpoint(config.get('load_from'))


def set_amp(config):
    """Switch the optimizer wrapper to mixed precision."""
    from mmengine.device import get_device
    if get_device() == 'cpu':
        fail('--amp needs an accelerator, none was found')
    wrapper = config.optim_wrapper
    kind = wrapper.setdefault('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        fail(f"--amp needs optim_wrapper.type 'OptimWrapper', got {kind!r}")
    wrapper.type = 'AmpOptimWrapper'
    wrapper.setdefault('loss_scale', 'dynamic')


def set_auto_scale_lr(config):
    """Let the runner scale the learning rate."""
    if 'base_batch_size' not in (config.get('auto_scale_lr') or {}):
        fail('--auto-scale-lr needs auto_scale_lr.base_batch_size in the '
             'config')
    config.auto_scale_lr.enable = True


def main():
    args = parse_args()
    check_config(args.config)
    if args.resume != 'auto':
        check_checkpoint(args.resume)
    config = load_config(args)
    set_resume(config, args.resume)
    if args.amp:
        set_amp(config)
    if args.auto_scale_lr:
        set_auto_scale_lr(config)
    with readable_errors():
        build_runner(config).train()


if __name__ == '__main__':
    main()
