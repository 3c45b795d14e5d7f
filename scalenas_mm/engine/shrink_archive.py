"""Every network that a shrinking run passes through, measured and kept."""
import time
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner, save_checkpoint
from torch import nn

from scalenas_mm._files import whole_file
from scalenas_mm.backbones.base import SHRINKING, find_searchable
from scalenas_mm.evaluation import (Outcome, calibration_batches, cost_model,
                                    estimate_statistics, evaluation_identity,
                                    first_sample, from_main, together,
                                    unwrapped, weights_digest)
from scalenas_mm.evaluation.sequential import real_numbers
from scalenas_mm.registry import HOOKS
from scalenas_mm.search import Archive, Candidate, Objectives, Record
from scalenas_mm.search.meta import SHRINKING_RUN
from scalenas_mm.spaces import CostModel, SettingError, as_size
from scalenas_mm.spaces.settings import whole
from scalenas_mm.version import versions
from .outcomes import record_of
from .search_checks import check_calibration, check_validation
from .shrink_table import shrink_line, shrink_table

FOLDER = 'shrunk'
STATE = 'shrink_archive'


@HOOKS.register_module()
class ShrinkArchiveHook(Hook):
    """Records the networks of one run: at first, after each shrink, at last.

    The first one is that of the first validation, if nothing has shrunk by
    then. After a shrink, the next validation measures; if none is due, one is
    made. The last one is that of the end of the training. Each is a line of
    the archive and a checkpoint ``shrunk/<id>_<digest>.pth`` in the work
    directory, written before the line. It holds the weights that were
    measured, by which ``tools/export.py`` makes a plain model.

    All validations run on statistics of batch norm that are re-estimated for
    them, and on averages if an ``EMAHook`` keeps them, as in the released
    code; training goes on with its own.

    A run that is resumed keeps the records up to its checkpoint. Later ones
    go to ``<archive>.superseded.jsonl``; they are made again.

    Hooks may define ``after_record(runner, record)``.

    Args:
        objectives (dict): ``max`` or ``min`` by the name of a cost or metric,
            for fronts and plots.
        input_size (Sequence[int]): Height and width for which costs are
            counted.
        num_calibration_batches (int): Training batches for the statistics; 0
            keeps those of training.
        seed (int): Chooses these batches.
        archive (str): Name of the archive in the work directory.

    Attributes:
        records (list[Record]): What was recorded, on every process.
    """
    of_search = True  # an exported config is without it
    # before averages and weights are put back after a validation
    priority = 'ABOVE_NORMAL'

    def __init__(self,
                 objectives: Mapping[str, str],
                 input_size: Sequence[int],
                 num_calibration_batches: int = 8,
                 seed: int = 0,
                 archive: str = 'archive.jsonl') -> None:
        self.objectives_cfg = dict(objectives)
        Objectives(self.objectives_cfg)
        self.settings = dict(
            input_size=list(as_size(input_size)),
            num_calibration_batches=whole('num_calibration_batches',
                                          num_calibration_batches, 0),
            seed=whole('seed', seed, 0))
        self.name = archive
        self.records: List[Record] = []
        self._archive: Optional[Archive] = None
        self._costs: Optional[CostModel] = None
        self._statistics: Dict[str, torch.Tensor] = {}
        self._clear()

    def _clear(self) -> None:
        self._shrinks = 0  # in the whole run
        self._due = False  # a shrink was not measured yet

    # -- the run ----------------------------------------------------------
    def before_train(self, runner: Runner) -> None:
        check_validation(runner.val_loop)
        model = unwrapped(runner.model)
        backbone = find_searchable(model)
        if backbone.kind != SHRINKING:
            raise SettingError('model.backbone', 'one that shrinks',
                               backbone.kind)
        self._costs = together(lambda: cost_model(
            model, self.settings['input_size'],
            first_sample(model, runner.val_loop.dataloader)))
        self.objectives = Objectives(self.objectives_cfg, self._costs.keys)
        self._batches = together(lambda: calibration_batches(
            runner.train_dataloader, self.settings['num_calibration_batches'],
            self.settings['seed']))
        check_calibration(self._batches)
        self.records = from_main(lambda: self._open(runner))
        if self.records and self.records[-1].step == runner.iter:
            self._due = False  # measured before the run was stopped

    def _open(self, runner: Runner) -> List[Record]:
        """Open the archive as it was at the step of the checkpoint."""
        path = Path(runner.work_dir) / self.name
        # set and kept by the runner also where there was nothing to resume
        self._archive = Archive(path, self._meta(runner), runner._resume)
        for warning in self._archive.warnings:
            runner.logger.warning(warning)
        kept = [r for r in self._archive if (r.step or 0) <= runner.iter]
        gone = self._archive.cut_back(len(kept))
        if gone:
            runner.logger.warning(
                f'{path}: {len(gone)} networks of steps after '
                f'{runner.iter}, from which training goes on, are now in '
                f'{path.with_suffix(".superseded.jsonl").name}')
        for record in kept:
            if not shrunk_file(path.parent / FOLDER, record).is_file():
                runner.logger.warning(
                    f'network {record.id} of {path} cannot be exported: '
                    f'{shrunk_file(path.parent / FOLDER, record)} is missing')
        return kept

    def _meta(self, runner: Runner) -> Dict[str, Any]:
        """What the networks of the archive depend on."""
        backbone = find_searchable(unwrapped(runner.model))
        how = evaluation_identity(
            runner.cfg,
            **self.settings,
            fp16=getattr(runner.val_loop, 'fp16', False),
            deterministic=False)
        return dict(
            kind=SHRINKING,
            space=backbone.space.to_dict(),
            searcher=dict(type=SHRINKING_RUN, objectives=self.objectives_cfg),
            evaluation=how,
            versions=versions())

    def before_train_iter(self, runner: Runner, *args: Any,
                          **kwargs: Any) -> None:
        """Measure after a shrink that no validation has followed."""
        if self._due:
            runner.val_loop.run()
            runner.model.train()

    def after_train(self, runner: Runner) -> None:
        if not self.records or self.records[-1].step != runner.iter:
            runner.val_loop.run()
        table = shrink_table(self.records, self.objectives,
                             find_searchable(unwrapped(runner.model)).space)
        runner.logger.info(f'{len(self.records)} networks in '
                           f'{Path(runner.work_dir) / self.name}:\n{table}')

    def after_run(self, runner: Runner) -> None:
        if self._archive is not None:
            self._archive.close()

    def after_shrink(self, runner: Runner, before: Any, after: Any) -> None:
        if before != after:
            self._shrinks += 1
            self._due = True

    # -- checkpoints ------------------------------------------------------
    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        checkpoint[STATE] = dict(shrinks=self._shrinks, due=self._due)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        if runner._resume:
            state = checkpoint.get(STATE, {})
            self._shrinks = state.get('shrinks', 0)
            self._due = state.get('due', False)

    # -- validations ------------------------------------------------------
    def before_val_epoch(self, runner: Runner) -> None:
        self._start = time.time()
        # now, since it may be averaged, too
        self._weight = weight_of(unwrapped(runner.model))

    def before_val_iter(self,
                        runner: Runner,
                        batch_idx: int,
                        data_batch: Any = None) -> None:
        """Before the first batch, when averages are in their place."""
        if batch_idx or self._costs is None or not self._batches:
            return
        model = unwrapped(runner.model)
        found = together(lambda: estimate_statistics(model, self._batches, self
                                                     .settings['seed']))
        buffers = dict(model.named_buffers())
        self._statistics = {key: buffers[key].clone() for key in found}
        for key, value in found.items():
            buffers[key].copy_(value)

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, Any]] = None) -> None:
        """Record the network that was measured, if it is to be."""
        if self._costs is None:  # not in training
            return
        try:
            if self._wanted(runner):
                self._record(runner, real_numbers(metrics or {}))
        finally:
            buffers = dict(unwrapped(runner.model).named_buffers())
            for key, value in self._statistics.items():
                buffers[key].copy_(value)
            self._statistics = {}

    def _wanted(self, runner: Runner) -> bool:
        if self.records and self.records[-1].step == runner.iter:
            return False
        last = runner.iter >= runner.max_iters or getattr(
            runner.train_loop, 'stop_training', False)
        return self._due or last or not self.records

    def _record(self, runner: Runner, metrics: Dict[str, float]) -> None:
        model = unwrapped(runner.model)
        seconds = round(time.time() - self._start, 3)
        record = from_main(lambda: self._written(
            runner, model, Outcome(metrics, seconds=seconds)))
        self.records.append(record)
        self._due = False
        runner.logger.info(
            shrink_line(record, self.objectives,
                        find_searchable(model).space, self._weight))
        for key in self.objectives.metrics:
            if record.ok:
                runner.visualizer.add_scalar(f'shrunk/{key}',
                                             record.metrics[key], record.step)
        runner.call_hook('after_record', record=record)

    def _written(self, runner: Runner, model: nn.Module,
                 outcome: Outcome) -> Record:
        """Write the checkpoint, then the line; on the main process."""
        arch = find_searchable(model).arch
        num = len(self.records)
        found = record_of(
            Candidate(num, arch, (num - 1, ) if num else (), self._shrinks),
            outcome, self._costs, self.objectives)
        record = Record(
            **{
                **vars(found), 'step': runner.iter,
                'weights': weights_digest(network_of(model))
            })
        path = shrunk_file(Path(runner.work_dir) / FOLDER, record)
        with whole_file(path) as part:
            save_checkpoint(
                dict(
                    state_dict=model.state_dict(),
                    shrinking=dict(arch=arch.to_dict()),
                    meta=dict(
                        id=num,
                        step=runner.iter,
                        digest=arch.digest,
                        weights=record.weights,
                        dataset_meta=_plain(runner.val_loop.dataloader))),
                str(part))
        self._archive.append(record)
        return record


def shrunk_file(folder: Path, record: Record) -> Path:
    """Where the weights of a record are."""
    return folder / f'{record.id:04d}_{record.weights}.pth'


def network_of(model: nn.Module) -> nn.Module:
    """The model inside a supernet, or itself."""
    return getattr(model, 'architecture', model)


def weight_of(model: nn.Module) -> Optional[float]:
    """The weight of the penalty (lambda), if there is one."""
    penalty = getattr(model, 'penalty', None)
    return None if penalty is None else float(penalty.current())


def _plain(dataloader: Any) -> Dict[str, Any]:
    """What a data set says of itself, without arrays."""
    return {
        key: value.tolist() if hasattr(value, 'tolist') else value
        for key, value in getattr(dataloader.dataset, 'metainfo', {}).items()
    }
