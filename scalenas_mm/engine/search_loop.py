"""The search as an MMEngine loop."""
import time
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Union

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.evaluation import (calibrated, calibration_batches,
                                    cost_model, evaluate)
from scalenas_mm.registry import LOOPS, SEARCHERS
from scalenas_mm.search import (FAILED, Archive, Candidate, Record, Searcher,
                                SearchExhausted)
from .identity import evaluation_identity, weights_digest


@LOOPS.register_module()
class SearchLoop(BaseLoop):
    """Evaluates the candidates of a searcher one by one.

    It is a training loop to the runner: ``train_cfg=dict(type=
    'scalenas_mm.SearchLoop', ...)``. The training data loader gives the
    batches for calibration; validation data and evaluator are those of the
    validation loop. The weights never change.

    Besides ``before_train`` and ``after_train``, hooks may define
    ``before_search(runner)``, ``after_candidate(runner, record)``,
    ``after_generation(runner, generation)`` and ``after_search(runner)``.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): Training data.
        searcher (dict): Config of the searcher.
        input_size (Sequence[int]): Height and width for which costs are
            counted.
        num_calibration_batches (int): Training batches on which batch-norm
            statistics are re-estimated for each candidate; 0 keeps those of
            the supernet. The released code has 8.
        seed (int): Chooses the calibration batches.
        archive (str): Name of the archive in the work directory.
        resume (bool): Go on with an existing archive.
        fp16 (bool): Evaluate in mixed precision.
    """

    def __init__(self,
                 runner: Runner,
                 dataloader: Union[DataLoader, dict],
                 searcher: dict,
                 input_size: Sequence[int],
                 num_calibration_batches: int = 8,
                 seed: int = 0,
                 archive: str = 'archive.jsonl',
                 resume: bool = False,
                 fp16: bool = False) -> None:
        super().__init__(runner, dataloader)
        self.searcher_cfg = dict(searcher)
        self.input_size = (int(input_size[0]), int(input_size[1]))
        self.num_calibration_batches = num_calibration_batches
        self.seed = seed
        self.archive_path = Path(runner.work_dir) / archive
        # `--resume` of the usual launchers means the archive; the checkpoint
        # holds the supernet and is only loaded
        self.resume = resume or runner._resume
        runner._resume = False
        self.fp16 = fp16
        self.max_iters = int(self.searcher_cfg.get('N', 2000))
        self.val_interval = self.max_epochs = 1
        self.searcher: Optional[Searcher] = None
        self.archive: Optional[Archive] = None

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
    def model(self):
        """The model, without a wrapper for distributed training."""
        model = self.runner.model
        return model.module if is_model_wrapper(model) else model

    def run(self) -> Any:
        """Search until the searcher is done.

        Raises:
            ArchiveError: The archive is in use or of something else.
            ArchError: An objective is not among the metrics.
        """
        self._prepare()
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_search')
        try:
            while not self.searcher.finished:
                generation = self.epoch
                candidate, = self.searcher.ask()
                self._step(candidate)
                if self.searcher.finished or self.epoch != generation:
                    self.runner.call_hook(
                        'after_generation', generation=generation)
        except SearchExhausted as error:
            self.runner.logger.warning(f'search ends early: {error}')
        finally:
            if self.archive is not None:
                self.archive.close()
        self.runner.call_hook('after_search')
        self.runner.call_hook('after_train')
        return self.runner.model

    def _prepare(self) -> None:
        """Build the searcher and replay the archive into it."""
        self.backbone = find_searchable(self.model)
        self.costs = cost_model(self.model, self.input_size)
        self.searcher = SEARCHERS.build(
            self.searcher_cfg, default_args=dict(costs=self.costs))
        self.max_iters = self.searcher.N
        self.max_epochs = self.searcher.generation(self.searcher.N - 1) + 1
        records = self._open_archive()
        for record in records:
            self.searcher.tell(record)
        self.batches = calibration_batches(self.dataloader,
                                           self.num_calibration_batches,
                                           self.seed)

    def _open_archive(self) -> Sequence[Record]:
        """The main process holds the archive; all ranks read it first."""
        shared: list = [None, None]
        if is_main_process():
            try:
                self.archive = Archive(self.archive_path, self.meta(),
                                       self.resume)
                shared[0] = self.archive.records.copy()
                if self.archive.dropped:
                    self.runner.logger.warning(
                        'dropped a torn last line of the archive: '
                        f'{self.archive.dropped[:80]!r}')
            except Exception as error:
                shared[1] = error
        broadcast_object_list(shared)
        if shared[1] is not None:
            raise shared[1]
        return shared[0]

    def meta(self) -> Dict[str, Any]:
        """What the candidates of the archive depend on."""
        return dict(
            space=self.backbone.space.to_dict(),
            searcher=self.searcher.identity(),
            evaluation=evaluation_identity(self),
            supernet=weights_digest(self.model))

    def _step(self, candidate: Candidate) -> None:
        """Evaluate, store and announce one candidate."""
        record = self._evaluate(candidate)
        if self.archive is not None:
            self.archive.append(record)
        self.searcher.tell(record)
        self.runner.call_hook('after_candidate', record=record)

    def _evaluate(self, candidate: Candidate) -> Record:
        start = time.time()
        arch = candidate.arch
        fields: Dict[str, Any] = dict(
            id=self.iter,
            digest=arch.digest,
            arch=arch.to_dict(),
            cost=self.costs(arch),
            parents=list(candidate.parents),
            generation=candidate.generation)
        try:
            fields['metrics'] = self.measure(arch)
        except Exception as error:
            self.runner.logger.exception(f'candidate {self.iter} failed')
            fields.update(
                status=FAILED, error=f'{type(error).__name__}: {error}')
        else:
            fields.update(self._judge(fields['metrics']))
        return Record(seconds=round(time.time() - start, 3), **fields)

    def measure(self, arch: Any) -> Dict[str, float]:
        """Metrics of one architecture; the supernet stays as it is."""
        val = self.runner.val_loop
        with self.backbone.active(arch), calibrated(self.model, self.batches):
            return evaluate(self.model, val.dataloader, val.evaluator,
                            self.fp16)

    def _judge(self, metrics: Dict[str, float]) -> Dict[str, Any]:
        """Refuse wrong objectives; a metric that is no number is a failure."""
        self.searcher.objectives.check(metrics)
        bad = [key for key, value in metrics.items() if not _finite(value)]
        if not bad:
            return {}
        good = {k: v for k, v in metrics.items() if k not in bad}
        if not set(bad) & set(self.searcher.objectives.metrics):
            return dict(metrics=good)
        return dict(
            metrics=good, status=FAILED, error=f'{bad[0]} is not finite')


def _finite(value: float) -> bool:
    return abs(value) < float('inf')
