"""Train what a config describes: a model, a supernet, or run a search."""
from _cli import (check_checkpoint, fail, load_config, readable_errors,
                  runner_parser)
from mmengine.device import get_device
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)


def parse_args():
    parser = runner_parser(__doc__)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint, or from the latest in the work dir')
    parser.add_argument(
        '--amp', action='store_true', help='automatic mixed precision')
    return parser.parse_args()


def set_resume(config, resume):
    """Let the runner resume from ``resume``: a checkpoint or 'auto'."""
    config.resume = resume is not None or config.get('resume', False)
    if resume not in (None, 'auto'):
        config.load_from = resume
    check_checkpoint(config.get('load_from'))


def set_amp(config):
    """Switch the optimizer wrapper to mixed precision."""
    if get_device() == 'cpu':
        fail('--amp needs an accelerator, none was found')
    wrapper = config.optim_wrapper
    kind = wrapper.setdefault('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        fail(f"--amp needs optim_wrapper.type 'OptimWrapper', got {kind!r}")
    wrapper.type = 'AmpOptimWrapper'
    wrapper.setdefault('loss_scale', 'dynamic')


def main():
    args = parse_args()
    config = load_config(args)
    set_resume(config, args.resume)
    if args.amp:
        set_amp(config)
    with readable_errors():
        if 'runner_type' in config:
            runner = RUNNERS.build(config)
        else:
            runner = Runner.from_cfg(config)
        runner.train()


if __name__ == '__main__':
    main()
