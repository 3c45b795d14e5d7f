"""The search as an MMEngine loop: ask, evaluate, record, tell."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

import torch
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from scalenas_mm.evaluation import (Evaluation, Outcome, Profile,
                                    evaluation_identity, from_main, in_order,
                                    profile_table, together, unwrapped)
from scalenas_mm.registry import LOOPS, SEARCHERS
from scalenas_mm.search import (Archive, Candidate, Record, Searcher,
                                SearchExhausted, baseline_archs,
                                baselines_path, check_archs)
from scalenas_mm.spaces import SettingError, as_size
from scalenas_mm.spaces.latency import read_tables, tables_identity
from scalenas_mm.spaces.settings import whole
from scalenas_mm.version import versions
from .baselines import measure_baselines
from .interruption import Interruption, leave
from .measuring import Measuring
from .outcomes import record_of
from .stopping import SearchStopped, deterministic, witnesses


@LOOPS.register_module()
class SearchLoop(BaseLoop):
    """Evaluates the candidates of a searcher.

    It is a training loop to the runner: ``train_cfg=dict(type=
    'scalenas_mm.SearchLoop', ...)``. The training data loader gives the
    batches for calibration; validation data and evaluator are those of the
    validation loop. The weights never change. The main process proposes and
    records; all of them measure.

    Besides ``before_train`` and ``after_train``, hooks may define
    ``before_search(runner)``, ``after_baselines(runner, records)``,
    ``after_candidate(runner, record)``, ``after_generation(runner,
    generation)`` and ``after_search(runner)``, and ``close_search(runner)``,
    which is called however the search ends.

    If a candidate fails, the last good one (at first, the smallest network,
    then the largest) is measured again. If that fails, too, the reason is not
    the candidate: the search stops and records nothing.

    A SIGTERM, or Slurm's SIGUSR1, ends the search when the candidates in work
    are recorded; a second one ends it at once.

    Args:
        runner (Runner): The runner. Its ``load_from`` is the supernet, which
            must hold all weights of the model and no others.
        dataloader (DataLoader | dict): Training data.
        searcher (dict): Config of the searcher.
        input_size (Sequence[int]): Height and width for which costs are
            counted.
        evaluation (dict): How candidates are measured: by default
            ``PopulationMajor``, many on every batch; ``Sequential`` is one
            after the other.
        parallel (str): What several processes do. ``candidates``: each
            measures others, on all validation data. ``data``: all measure the
            same ones, on parts of the data; for candidates that take long.
        workers (dict, optional): Measure by workers on Ray, which may come and
            go, instead of in this process: options of
            :func:`.ray_evaluation`; ``{}`` has one for every core or GPU.
        baselines (bool | Sequence[str]): Which networks with a name in the
            space are measured before the candidates, into a file beside the
            archive: all, none, or these. They do not count among ``N``.
        latency (Sequence[str]): Tables of ``build_latency_table.py``; each
            adds the cost ``latency@NAME``, for objectives and constraints.
        num_calibration_batches (int): Training batches on which batch-norm
            statistics are re-estimated for each candidate; 0 keeps those of
            the supernet. The released code has 8.
        seed (int): Chooses the calibration batches.
        archive (str): Name of the archive in the work directory.
        resume (bool): Go on with an existing archive.
        retry_failed (bool): Resume, and first measure again what failed.
        fp16 (bool): Evaluate in mixed precision.
        max_failures (int): Stop after so many failures in a row.
        allow_untrained (bool): Search without a checkpoint.
        deterministic (bool): Use deterministic algorithms only. On a CPU
            results are the same without it. On a GPU equal seeds give equal
            metrics only with it, on the same machine and versions.
    """

    def __init__(self,
                 runner: Runner,
                 dataloader: Union[DataLoader, dict],
                 searcher: dict,
                 input_size: Sequence[int],
                 evaluation: dict = dict(type='PopulationMajor'),
                 parallel: str = 'candidates',
                 workers: Optional[dict] = None,
                 baselines: Union[bool, Sequence[str]] = True,
                 latency: Sequence[str] = (),
                 num_calibration_batches: int = 8,
                 seed: int = 0,
                 archive: str = 'archive.jsonl',
                 resume: bool = False,
                 retry_failed: bool = False,
                 fp16: bool = False,
                 max_failures: int = 10,
                 allow_untrained: bool = False,
                 deterministic: bool = False) -> None:
        super().__init__(runner, dataloader)
        self.searcher_cfg = dict(searcher)
        self.evaluation_cfg = {'type': 'PopulationMajor', **evaluation}
        self.parallel = parallel
        self.workers = workers
        self.wanted_baselines = baselines
        self.latency = latency
        self.settings = dict(
            input_size=list(as_size(input_size)),
            num_calibration_batches=whole('num_calibration_batches',
                                          num_calibration_batches, 0),
            seed=whole('seed', seed, 0),
            fp16=fp16,
            deterministic=deterministic)
        self.archive_path = Path(runner.work_dir) / archive
        # `--resume` of the usual launchers means the archive. The checkpoint
        # is only loaded, and by this loop: the runner's way is not strict.
        self.resume = resume or retry_failed or runner._resume
        self.load_from = runner._load_from
        runner._resume, runner._load_from = False, None
        self.retry_failed = retry_failed
        self.max_failures = whole('max_failures', max_failures)
        self.allow_untrained = allow_untrained
        self.max_iters = whole('N', self.searcher_cfg.get('N', 2000))
        self.val_interval = self.max_epochs = 1
        self.baselines: List[Record] = []
        self.searcher: Optional[Searcher] = None
        self.archive: Optional[Archive] = None
        self.evaluation: Any = None
        self._failures = 0
        # of the last candidate, until it is over
        self._generation: Optional[int] = None

    @property
    def iter(self) -> int:
        """Number of evaluated candidates."""
        return 0 if self.searcher is None else len(self.searcher.history)

    @property
    def epoch(self) -> int:
        """Generation of the next candidate."""
        if self.searcher is None:
            return 0
        return self.searcher.generation(self.iter)

    @property
    def model(self) -> torch.nn.Module:
        """The model, without a wrapper for distributed training."""
        return unwrapped(self.runner.model)

    def run(self) -> Any:
        """Search until the searcher is done.

        Raises:
            ArchiveError: The archive is in use or of something else.
            SettingError: A setting, or the checkpoint, is wrong.
            SearchStopped: Measurements fail, whatever is measured.
            SearchInterrupted: A signal ended it.
        """
        try:
            with deterministic(
                    self.settings['deterministic']), Interruption() as stop:
                self._prepare()
                self.runner.call_hook('before_train')
                self.runner.call_hook('before_search')
                self._measure_baselines()
                self._retry(stop)
                self._search(stop)
        finally:
            if self.archive is not None:
                self.archive.close()
            if self.evaluation is not None:
                self.evaluation.close()
            self.runner.call_hook('close_search')
        if isinstance(self.evaluation.profile, Profile):
            self.runner.logger.info(
                'Where the time went:\n' +
                profile_table(self.evaluation.profile.seconds))
        self.runner.call_hook('after_search')
        self.runner.call_hook('after_train')
        return self.runner.model

    # -- before the search ------------------------------------------------
    def _prepare(self) -> None:
        """Load the supernet, build everything, replay the archive."""
        self._measuring()
        self.searcher = together(self._new_searcher)
        self.max_iters = self.searcher.N
        self.max_epochs = self.searcher.generation(self.searcher.N - 1) + 1
        self._replay(from_main(self._open_archive))
        self.evaluation = self._evaluation()

    def _evaluation(self) -> Evaluation:
        if self.workers is None:
            return self.measuring.evaluation(self.evaluation_cfg,
                                             self.parallel)
        from .ray_pool import ray_evaluation
        return ray_evaluation(self.runner.cfg, self.measuring.digest,
                              self.evaluation_cfg, **self.workers)

    def _measuring(self) -> None:
        """Load the supernet, count costs."""
        if self.load_from is None and not self.allow_untrained:
            raise SettingError(
                'load_from', 'the checkpoint of a trained supernet '
                '(or train_cfg.allow_untrained=True)', None)
        self.measuring = Measuring(self.runner, self.dataloader, self.settings,
                                   self.load_from)
        self.backbone = self.measuring.backbone
        tables = together(lambda: read_tables(self.latency))
        self.costs = self.measuring.costs(tables)

    def _new_searcher(self) -> Searcher:
        return SEARCHERS.build(
            self.searcher_cfg, default_args=dict(costs=self.costs))

    def _replay(self, records: Sequence[Record]) -> None:
        for record in records:
            self.searcher.tell(record)

    def _open_archive(self) -> Sequence[Record]:
        """Open the archive, which only the main process holds."""
        self.archive = Archive(self.archive_path, self.meta(), self.resume)
        check_archs(self.archive_path, self.archive.records)
        for warning in self.archive.warnings:
            self.runner.logger.warning(warning)
        if self.archive.dropped:
            self.runner.logger.warning(
                'dropped a torn last line of the archive: '
                f'{self.archive.dropped[:80]!r}')
        return list(self.archive.records)

    def meta(self) -> Dict[str, Any]:
        """What the candidates of the archive depend on."""
        meta = dict(
            space=self.backbone.space.to_dict(),
            searcher=self.searcher.identity(),
            evaluation=evaluation_identity(self.runner.cfg, **self.settings),
            supernet=self.measuring.digest,
            versions=versions())
        if self.costs.tables:
            meta['latency'] = tables_identity(self.costs.tables)
        return meta

    def _measure_baselines(self) -> None:
        meta = self.meta()
        del meta['searcher']
        self.baselines = measure_baselines(
            together(lambda: baseline_archs(self.backbone.space, self.
                                            wanted_baselines)),
            baselines_path(self.archive_path), meta, self._measured,
            self.retry_failed)
        if self.baselines:
            self.runner.call_hook('after_baselines', records=self.baselines)

    # -- the search -------------------------------------------------------
    def _search(self, stop: Interruption) -> None:

        def signalled() -> Any:
            return from_main(lambda: stop.signal)

        measured = self.evaluation.stream(self._asked,
                                          lambda: signalled() is not None)
        try:
            for candidate, outcome in in_order(measured, self.iter):
                self._record(candidate, outcome)
        except SearchExhausted as error:
            self.runner.logger.warning(f'search ends early: {error}')
            self._end_generation()
        signal = signalled()
        if signal is not None and not self.searcher.finished:
            leave(signal, self.iter, self.resume)

    def _asked(self, num: int) -> List[Candidate]:
        """The next candidates, as the main process has them."""
        return from_main(lambda: self.searcher.ask(num))

    def _measured(self, candidates: Sequence[Candidate]) -> List[Record]:
        """Records of candidates, as the main process has them."""
        outcomes = self.evaluation([c.arch for c in candidates])
        return [
            self._record_of(candidate, outcome)
            for candidate, outcome in zip(candidates, outcomes, strict=True)
        ]

    def _record_of(self, candidate: Candidate, outcome: Outcome) -> Record:
        return from_main(lambda: record_of(candidate, outcome, self.costs, self
                                           .searcher.objectives))

    def _record(self, candidate: Candidate, outcome: Outcome) -> None:
        """Store, tell and announce one candidate."""
        record = self._record_of(candidate, outcome)
        if not record.ok and not self.evaluation.checked:
            self._check_environment(record)
        with self.evaluation.profile.part('archive'):
            from_main(lambda: self.archive.append(record))
        self.searcher.tell(record)
        self.outcome = outcome
        self.runner.call_hook('after_candidate', record=record)
        self._failures = 0 if record.ok else self._failures + 1
        if self._failures >= self.max_failures:
            raise SearchStopped(
                f'{self._failures} candidates in a row failed, the last one '
                f'by {record.error}')
        self._generation = candidate.generation
        if self.searcher.finished or self.epoch != candidate.generation:
            self._end_generation()

    def _end_generation(self) -> None:
        if self._generation is not None:
            self.runner.call_hook(
                'after_generation', generation=self._generation)
            self._generation = None

    def _retry(self, stop: Interruption) -> None:
        """Measure again what failed in an earlier run; then the searcher
        knows the better history only."""
        if not self.retry_failed:
            return
        records = list(self.searcher.history)
        for old in [record for record in records if not record.ok]:
            if from_main(lambda: stop.signal) is not None:
                break  # as many as there are; the search ends below
            arch = self.backbone.space.from_dict(old.arch)
            new, = self._measured(
                [Candidate(old.id, arch, tuple(old.parents), old.generation)])
            if not new.ok:
                self._check_environment(new)
            from_main(lambda: self.archive.update(new))
            records[old.id] = new
            self.runner.call_hook('after_candidate', record=new)
        self.searcher = self._new_searcher()
        self._replay(records)

    def _check_environment(self, failed: Record) -> None:
        """Raise unless a network that must work can be measured."""
        good = [r for r in self.searcher.history if r.ok][-1:]
        errors = []
        for name, arch in witnesses(self.backbone.space, good):
            again, = self._measured([Candidate(failed.id, arch)])
            if again.ok:
                break
            errors.append(f'{name} now, by {again.error}')
        else:
            raise SearchStopped(
                f'candidate {failed.id} failed by {failed.error}, and so does '
                f'{" and ".join(errors)}: something is wrong with the data, '
                'the device or the config; nothing was recorded of it')
        if good and again.metrics != good[0].metrics:
            self.runner.logger.warning(
                f'{name} has other metrics when it is measured again: '
                f'{again.metrics} instead of {good[0].metrics}')
