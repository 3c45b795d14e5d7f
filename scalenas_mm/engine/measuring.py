"""What measures the candidates of a search: supernet, data and metrics."""
from typing import Any, Mapping, Optional, Sequence

from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from scalenas_mm.backbones.base import SHARED, find_searchable
from scalenas_mm.evaluation import (Evaluation, batches_digest,
                                    build_evaluation, calibration_batches,
                                    common_digest, cost_model, first_sample,
                                    load_strictly, local_norms,
                                    read_checkpoint, together, unwrapped)
from scalenas_mm.evaluation.latency import check_options
from scalenas_mm.spaces import CostModel, SettingError
from .search_checks import check_calibration, check_validation


class Measuring:
    """A trained supernet, whose weights never change, with the data on which
    its sub-networks are measured.

    Args:
        runner (Runner): Of the search; has model and validation loop.
        dataloader (DataLoader): Training data, to calibrate on.
        settings (Mapping): ``input_size``, ``num_calibration_batches``,
            ``seed`` and ``fp16`` as of :class:`.SearchLoop`.
        checkpoint (str, optional): The supernet's.

    Attributes:
        model: The supernet, without a wrapper for distributed training.
        backbone: The part of it that is searched.
        digest: Of its weights.

    Raises:
        SettingError: There is no validation, no supernet, or the checkpoint
            is not that of the model.
    """

    def __init__(self, runner: Runner, dataloader: DataLoader,
                 settings: Mapping[str,
                                   Any], checkpoint: Optional[str]) -> None:
        check_validation(runner.val_loop)
        self.runner = runner
        self.dataloader = dataloader
        self.settings = settings
        self.model: nn.Module = unwrapped(runner.model)
        if checkpoint is not None:
            self._load(checkpoint)
        self.digest = common_digest(self.model)
        local_norms(self.model)
        self.backbone = find_searchable(self.model)
        if self.backbone.kind != SHARED:
            raise SettingError(
                'model.backbone', 'a supernet, built with the '
                'largest architecture', self.backbone.kind)

    def _load(self, checkpoint: str) -> None:
        """Load the supernet, all of it."""
        read = together(lambda: read_checkpoint(checkpoint))
        self.runner.call_hook('after_load_checkpoint', checkpoint=read)
        load_strictly(self.model, read, checkpoint)
        self.runner.logger.info(f'loaded the supernet {checkpoint}')

    def costs(self, tables: Sequence[Any] = ()) -> CostModel:
        """What architectures cost, with times from tables.

        Raises:
            SettingError: A table is of another space, size or backbone.
        """
        data = self.runner.val_loop.dataloader

        def build() -> CostModel:
            check_options(tables, self.runner.cfg.model)
            return cost_model(self.model, self.settings['input_size'],
                              first_sample(self.model, data), tables)

        return together(build)

    def evaluation(self, cfg: Mapping[str, Any], parallel: str) -> Evaluation:
        """An evaluation for all processes.

        Args:
            cfg (Mapping): Its config.
            parallel (str): What several processes do.

        Raises:
            SettingError: There are no batches for calibration, or other ones
                on other processes.
        """
        seed = self.settings['seed']
        batches = together(lambda: calibration_batches(
            self.dataloader, self.settings['num_calibration_batches'], seed))
        check_calibration(batches)
        self.batches = batches_digest(batches)
        val = self.runner.val_loop
        return build_evaluation(
            cfg,
            parallel,
            self._all_data,
            model=self.model,
            dataloader=val.dataloader,
            evaluator=val.evaluator,
            batches=batches,
            seed=seed,
            fp16=self.settings['fp16'])

    def _all_data(self) -> DataLoader:
        """A loader of all validation data."""
        runner = self.runner
        cfg = dict(
            runner.cfg.val_dataloader,
            dataset=runner.val_loop.dataloader.dataset)
        return runner.build_dataloader(cfg, seed=runner.seed)
