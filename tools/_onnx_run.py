"""Running, timing and testing models and their ONNX files.

Standard library only at the top, as in ``_cli``.
"""
import copy
import itertools
import os
import statistics
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from _cli import build_runner

# The metric that a table shows, the first of these that there is
MAIN = ('mIoU', 'coco/AP', 'coco/bbox_mAP', 'AP', 'accuracy/top1')
_RUNS = itertools.count()


def read_model_config(path: str) -> Any:
    """The config of an ordinary model, with its scope as the default.

    Exits with code 2 if it is of a supernet or of no model.
    """
    from _cli import fail, read_config
    config = read_config(path)
    from mmengine.registry import init_default_scope

    import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)
    if 'model' not in config:
        fail(f'{path}: expected model = dict(...) in the config, there is '
             'none')
    if 'architecture' in config.model:
        fail(f'{path} is of a supernet; expected the config of an exported, '
             'or of another ordinary, network')
    init_default_scope(config.get('default_scope', 'mmengine'))
    return config


def built(config: Any, checkpoint: Optional[str] = None) -> Any:
    """The model of a config on the CPU, in evaluation mode.

    Args:
        config (Config): Of an ordinary model.
        checkpoint (str, optional): All its weights; random without.
    """
    from scalenas_mm.backbones.base import with_preprocessor
    from scalenas_mm.evaluation import (load_strictly, local_norms,
                                        read_checkpoint)
    from scalenas_mm.registry import MODELS
    model = MODELS.build(
        type(config)(dict(
            model=with_preprocessor(config.model.to_dict(),
                                    config.get('data_preprocessor')))).model)
    if checkpoint is not None:
        load_strictly(
            model, read_checkpoint(checkpoint), checkpoint, other_parts=True)
    local_norms(model)
    return model.eval()


def metrics(config: Any,
            checkpoint: Optional[str],
            onnx: Optional[Path] = None,
            threads: int = 0) -> Dict[str, float]:
    """Metrics of the test data by the task library's own evaluator.

    Args:
        config (Config): Of an ordinary model.
        checkpoint (str, optional): Its weights. Those that an ONNX file holds
            need not be given.
        onnx (Path, optional): File that runs in place of the model's network.
        threads (int): Of onnxruntime; 0 is one a core.

    Raises:
        ExportError: The file does not take the images of the data.
    """
    from scalenas_mm.evaluation import load_strictly, quiet, read_checkpoint
    from scalenas_mm.export import OnnxNetwork, use_onnx
    with tempfile.TemporaryDirectory() as folder, quiet():
        runner = build_runner(_for_testing(config, folder))
        if checkpoint is not None:
            load_strictly(
                runner.model,
                read_checkpoint(checkpoint),
                checkpoint,
                other_parts=True)
        if onnx is not None:
            use_onnx(runner.model.eval(), OnnxNetwork(onnx, threads))
        found = runner.test()
    return {key: float(value) for key, value in found.items()}


def _for_testing(config: Any, folder: str) -> Any:
    config = copy.deepcopy(config)
    for part in ('train', 'val'):
        for key in ('dataloader', 'cfg', 'evaluator'):
            config[f'{part}_{key}'] = None
    config.update(
        optim_wrapper=None,
        param_scheduler=None,
        load_from=None,
        resume=False,
        launcher='none',
        log_level='ERROR',
        work_dir=folder,
        experiment_name=f'{os.getpid()}_{next(_RUNS)}_{time.time_ns()}')
    if config.get('visualizer'):
        # one of this name may write into the folder of an earlier run
        config.visualizer.update(name=config.experiment_name, vis_backends=[])
    # workers would be started for each of several files
    config.test_dataloader.update(num_workers=0, persistent_workers=False)
    return config


def main_metric(found: Dict[str, float]) -> str:
    """The name of the one metric that a table shows; empty if there is none,
    as of a detector that found nothing."""
    return next((name for name in (*MAIN, *found) if name in found), '')


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Let torch run with so many threads; 0 leaves them as they are."""
    import torch
    before = torch.get_num_threads()
    if number:
        torch.set_num_threads(number)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.set_num_threads(before)


def calls_of(part: Any, file: Optional[Path],
             threads: int) -> Callable[[], Any]:
    """What is timed: a part of a model by torch, or its file by
    onnxruntime."""
    if file is None:
        return lambda: part.network(*part.inputs.values())
    from scalenas_mm.export import open_session
    session = open_session(file, threads)
    feed = {
        one.name: part.inputs[one.name].numpy()
        for one in session.get_inputs()
    }
    return lambda: session.run(None, feed)


def interleaved(calls: Dict[Any, Callable[[], Any]],
                turns: range,
                runs: int,
                pause: float = 0.0) -> Iterator[Tuple[int, Any, float]]:
    """Time several calls in turn, so that what slows a machine down slows all
    of them.

    Args:
        calls: What to time, by key.
        turns: Numbers of the turns. In each, every call is timed once.
        runs: How often a call runs; its time is the median.
        pause: Seconds before each, in which nothing runs.

    Returns:
        Iterator: Turn, key and milliseconds.
    """
    for call in calls.values():
        call()  # warms up
    for turn in turns:
        for key, call in calls.items():
            time.sleep(pause)
            call()
            yield turn, key, statistics.median(
                _milliseconds(call) for _ in range(runs))


def _milliseconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def versions() -> Dict[str, str]:
    """Of what a time depends on."""
    from importlib.metadata import version

    from scalenas_mm.version import versions as own
    return dict(own(), onnxruntime=version('onnxruntime'))
