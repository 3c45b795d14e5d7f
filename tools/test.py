"""Test a checkpoint of what a config describes."""
import os.path as osp

from _cli import (build_runner, check_checkpoint, check_config, fail,
                  inner_dataset, load_config, readable_errors, runner_parser)


def parse_args():
    parser = runner_parser(__doc__)
    parser.add_argument('checkpoint', help='checkpoint file or URL')
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='write the metrics (.json) or the predictions (.pkl)')
    parser.add_argument(
        '--show-dir', metavar='DIR', help='draw the predictions into it')
    parser.add_argument(
        '--tta',
        action='store_true',
        help='test-time augmentation by tta_model and tta_pipeline of the '
        'config')
    args = parser.parse_args()
    if args.out and not args.out.endswith(('.json', '.pkl')):
        parser.error(f'--out must end in .json or .pkl, got {args.out}')
    return args


def set_drawing(config, folder):
    """Let the config's visualization hook draw every sample into ``folder``.

    The task libraries name the hook's options differently.
    """
    import inspect

    from mmengine.registry import HOOKS
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


def set_tta(config):
    """Wrap the model by the config's ``tta_model``, as mmseg and mmdet do; it
    is None where the model itself aggregates what ``tta_pipeline`` gives."""
    missing = [
        key for key in ('tta_model', 'tta_pipeline') if key not in config
    ]
    if missing:
        fail(f'--tta needs {" and ".join(missing)} in the config')
    dataset = inner_dataset(config.test_dataloader.dataset)
    dataset.pipeline = config.tta_pipeline
    if config.tta_model is not None:
        config.model = dict(config.tta_model, module=config.model)


def write_metrics(metrics, path):
    import json

    from scalenas_mm._files import write_atomic
    write_atomic(path, json.dumps(metrics, indent=2, default=float) + '\n')


def refuse_other_weights(runner, path):
    """Let a checkpoint of another network be an error; MMEngine warns only,
    and tests what it could not load with random weights."""
    from mmengine.hooks import Hook
    from mmengine.model import BaseTTAModel, is_model_wrapper

    from scalenas_mm.evaluation import load_strictly

    class Check(Hook):

        def after_load_checkpoint(self, runner, checkpoint):
            model = runner.model
            while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
                model = model.module
            load_strictly(model, checkpoint, path, other_parts=True)

    runner.register_hook(Check(), priority='LOWEST')


def test(config, out):
    """Test the model and write what ``--out`` asks for."""
    from mmengine.dist import is_main_process
    from mmengine.evaluator import DumpResults
    runner = build_runner(config)
    refuse_other_weights(runner, config.load_from)
    if out and out.endswith('.pkl'):
        runner.test_evaluator.metrics.append(DumpResults(out))
    metrics = runner.test()
    if out and out.endswith('.json') and is_main_process():
        write_metrics(metrics, out)


def main():
    args = parse_args()
    check_config(args.config)
    check_checkpoint(args.checkpoint)
    config = load_config(args)
    config.load_from = args.checkpoint
    with readable_errors():
        if args.show_dir:
            set_drawing(config, args.show_dir)
        if args.tta:
            set_tta(config)
        test(config, args.out)


if __name__ == '__main__':
    main()
