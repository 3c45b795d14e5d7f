"""Test a checkpoint of what a config describes."""
import inspect
import json
import os
import os.path as osp

from _cli import (check_checkpoint, fail, load_config, readable_errors,
                  runner_parser)
from mmengine.dist import is_main_process
from mmengine.evaluator import DumpResults
from mmengine.registry import HOOKS, RUNNERS
from mmengine.runner import Runner

import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)


def parse_args():
    parser = runner_parser(__doc__)
    parser.add_argument('checkpoint', help='checkpoint file or URL')
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='write the metrics (.json) or the predictions (.pkl)')
    parser.add_argument(
        '--show-dir', metavar='DIR', help='draw the predictions into it')
    args = parser.parse_args()
    if args.out and not args.out.endswith(('.json', '.pkl')):
        parser.error(f'--out must end in .json or .pkl, got {args.out}')
    return args


def set_drawing(config, folder):
    """Let the config's visualization hook draw every sample into ``folder``.

    The task libraries name the hook's options differently.
    """
    hook = config.get('default_hooks', {}).get('visualization')
    if hook is None:
        fail('--show-dir needs default_hooks.visualization in the config')
    scope = config.get('default_scope', 'mmengine')
    with HOOKS.switch_scope_and_registry(scope) as registry:
        known = inspect.signature(registry.get(hook.type)).parameters
    folder = osp.abspath(folder)
    wanted = dict(
        draw=True,
        enable=True,
        interval=1,
        out_dir=folder,
        test_out_dir=folder)
    hook.update({key: wanted[key] for key in wanted if key in known})
    config.setdefault('visualizer', dict(type='Visualizer'))
    config.visualizer.save_dir = folder


def write_metrics(metrics, path):
    os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
    with open(path, 'w') as file:
        json.dump(metrics, file, indent=2, default=float)
        file.write('\n')


def main():
    args = parse_args()
    config = load_config(args)
    check_checkpoint(args.checkpoint)
    config.load_from = args.checkpoint
    if args.show_dir:
        set_drawing(config, args.show_dir)
    with readable_errors():
        if 'runner_type' in config:
            runner = RUNNERS.build(config)
        else:
            runner = Runner.from_cfg(config)
    if args.out and args.out.endswith('.pkl'):
        runner.test_evaluator.metrics.append(DumpResults(args.out))
    metrics = runner.test()
    if args.out and args.out.endswith('.json') and is_main_process():
        write_metrics(metrics, args.out)


if __name__ == '__main__':
    main()
