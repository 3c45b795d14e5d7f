"""Go back when training diverges."""
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.model import MMSeparateDistributedDataParallel, is_model_wrapper
from mmengine.runner import Runner
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel

from scalenas_mm.evaluation import from_main
from scalenas_mm.registry import HOOKS
from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.settings import whole
from .divergence_watch import LossWatch, MetricWatch
from .good_checkpoints import (FOLDER, GoodCheckpoints, groups_of, restore,
                               wrappers_of)
from .shrink_checks import number
from .shrink_hook import ShrinkHook

STATE = 'divergence_guard'
FIELD = 'custom_hooks.DivergenceGuardHook'


class TrainingDiverged(RuntimeError):
    """Training has diverged, and to go back once more is not allowed or of no
    use."""


@HOOKS.register_module()
class DivergenceGuardHook(Hook):
    """Watches the loss, and validations if asked to. On divergence training
    goes on from the last good checkpoint with a smaller learning rate.

    What goes back: weights, buffers, averages of ``EMAHook``, the state of
    optimisers and of loss scaling. What does not: iterations, schedules and
    data go on. So the run is as long as without the hook, it does not meet
    the same batches at once again, and what was learnt since that checkpoint
    is lost. Learning rates are what the schedules say, times ``lr_factor``
    for each return.

    Checkpoints of its own are written as often as ``interval`` says, three at
    most; see :class:`~scalenas_mm.engine.good_checkpoints.GoodCheckpoints`.
    They are removed at the end of the training. Before there is another, the
    last good one is that of the beginning. A run that does not diverge is bit
    for bit as without the hook. All processes decide alike: losses are
    averaged over them, and one that is nan anywhere is nan for all. The
    number of returns and the factor are in every checkpoint, for ``resume``.

    Args:
        factor (float): A loss above so many running medians is suspicious.
        window (int): Losses of which the median is taken.
        min_losses (int): Losses before which only those that are not finite
            count; after a return, too, if it goes back as far as that.
        patience (int): So many suspicious losses in a row are a divergence;
            one that is not finite is at once.
        interval (int): A checkpoint every so many iterations.
        calm (int): It is good if nothing suspicious happens in so many
            iterations after it.
        lr_factor (float): By which learning rates become smaller, each time.
        max_returns (int): Of the whole run. The next divergence is an error.
        metrics (Mapping[str, str], optional): Metrics of validations that are
            watched, and what is better: ``{'min/mIoU': 'max'}``. Then a
            checkpoint is kept of the last good validation, to which bad ones
            go back.
        max_drop (float): A metric that is worse than its best by more than
            this share of it is a divergence; one that is not finite always.
        loss (str): Name of the loss in the log.

    Attributes:
        returns: How often training has gone back.
        scale: Of learning rates.

    Raises:
        SettingError: An argument is not valid, or does not fit the training.
    """
    # Before averages are updated, the schedules step and CheckpointHook saves;
    # and before the learning rate is logged.
    priority = 'HIGHEST'

    def __init__(self,
                 factor: float = 10.,
                 window: int = 100,
                 min_losses: int = 50,
                 patience: int = 5,
                 interval: int = 1000,
                 calm: int = 100,
                 lr_factor: float = 0.5,
                 max_returns: int = 3,
                 metrics: Optional[Mapping[str, str]] = None,
                 max_drop: float = 0.5,
                 loss: str = 'loss') -> None:
        self.losses = LossWatch(factor, window, min_losses, patience)
        self.metrics = MetricWatch(metrics, max_drop)
        self.interval = whole('interval', interval)
        self.files = GoodCheckpoints(
            whole('calm', calm), bool(self.metrics.metrics))
        self.lr_factor = number('lr_factor', lr_factor)
        if not 0 < self.lr_factor < 1:
            raise SettingError('lr_factor', 'a number between 0 and 1',
                               lr_factor)
        self.max_returns = whole('max_returns', max_returns, 0)
        self.loss = loss
        self.returns, self.scale = 0, 1.
        self._training = self._started = self._going_back = False
        self._verdict: Optional[str] = None  # of a validation
        self._rates: List[Tuple[Dict[str, Any], Any]] = []

    # -- the run ----------------------------------------------------------
    def before_train(self, runner: Runner) -> None:
        check_training(runner)
        if self.metrics.metrics and runner.val_loop is None:
            raise SettingError('metrics', 'none, as there is no validation',
                               self.metrics.metrics)
        self.files.folder = Path(runner.work_dir) / FOLDER
        self._training = True

    def before_train_epoch(self, runner: Runner) -> None:
        """At first, when all hooks have prepared the network."""
        if not self._started:
            self.files.start(runner)
            self._started = True

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Any = None) -> None:
        """Keep checkpoints while nothing is changed, and scale the rates."""
        self.files.time_is(runner.iter)
        if runner.iter % self.interval == 0 and not self.losses.suspicious:
            self.files.offer(runner)
        if self.scale != 1:
            self._scale_rates(runner)

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[Dict[str, Any]] = None) -> None:
        self._put_rates_back()
        wrong = self.losses.see(mean_over_ranks(outputs, self.loss))
        if wrong is not None:
            self._go_back(runner, wrong, runner.iter + 1, self.files.last())
        elif self.losses.suspicious:
            self.files.doubt()

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, Any]] = None) -> None:
        if self._training and self.metrics.metrics:
            self._verdict = from_main(lambda: self.metrics.see(metrics or {}))

    def after_val(self, runner: Runner) -> None:
        """Act when averages are no longer in the network's place."""
        if not self._training or not self.metrics.metrics:
            return
        wrong, self._verdict = self._verdict, None
        at_end = runner.iter >= runner.max_iters or getattr(
            runner.train_loop, 'stop_training', False)
        if wrong is None:
            if not at_end:
                self.files.validate(runner)
            return
        to = self.files.last(validated=True)
        if at_end:
            raise TrainingDiverged(
                f'{said(runner.iter, wrong)} The training is at its end, and '
                f'the last good checkpoint is {self.files.path(to)}')
        self._go_back(runner, wrong, runner.iter, to)

    def after_train(self, runner: Runner) -> None:
        self._training = self._started = False
        self.files.remove()

    # -- going back -------------------------------------------------------
    def _go_back(self, runner: Runner, wrong: str, now: int, to: int) -> None:
        path = self.files.path(to)
        if self.returns >= self.max_returns:
            raise TrainingDiverged(
                f'{said(now, wrong)} It has gone back {self.returns} times, '
                f'and max_returns allows no more. The last good checkpoint is '
                f'{path}')
        self._going_back = True
        try:
            restore(runner, path)
        finally:
            self._going_back = False
        self.files.drop_after(to)
        self.returns += 1
        self.scale *= self.lr_factor
        runner.logger.warning(
            f'{said(now, wrong)} {self._told(runner, now, to)}')

    def _told(self, runner: Runner, now: int, to: int) -> str:
        rate = float(groups_of(runner)[0]['lr'])
        return (
            f'Return {self.returns} of at most {self.max_returns}: weights '
            f'and optimiser are those of iteration {to} again '
            f'({self.files.path(to)}), and learning rates from now on '
            f'{self.scale:g} of what their schedules say, '
            f'{rate * self.scale:.4g} now. What the {now - to} iterations '
            'since have learnt is lost; data and schedules go on.')

    # -- learning rates ---------------------------------------------------
    # Scaled for the step only, so that any schedule goes on as it would.
    def _scale_rates(self, runner: Runner) -> None:
        self._rates = [(group, group['lr']) for group in groups_of(runner)
                       if 'lr' in group]
        for group, rate in self._rates:
            group['lr'] = rate * self.scale

    def _put_rates_back(self) -> None:
        for group, rate in self._rates:
            group['lr'] = rate
        self._rates = []

    # -- checkpoints ------------------------------------------------------
    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        checkpoint[STATE] = dict(
            returns=self.returns,
            scale=self.scale,
            files=self.files.state_dict(),
            losses=self.losses.state_dict(),
            metrics=self.metrics.state_dict())

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        state = checkpoint.get(STATE)
        if state is None or not runner._resume:
            return
        self.losses.load_state_dict(state['losses'])
        self.metrics.load_state_dict(state['metrics'])
        if not self._going_back:
            self.returns, self.scale = state['returns'], state['scale']
            self.files.load_state_dict(state['files'])


def said(now: int, wrong: str) -> str:
    return f'iteration {now}: training has diverged, {wrong}.'


def mean_over_ranks(outputs: Optional[Dict[str, Any]], name: str) -> float:
    """A loss of a training step; not finite if it is not on any process.

    Raises:
        SettingError: There is no loss of this name; has those there are.
    """
    if name not in (outputs or {}):
        raise SettingError('loss', f'one of {sorted(outputs or {})}', name)
    value = torch.as_tensor(outputs[name]).detach()  # type: ignore[index]
    mean = value.float().mean()
    all_reduce(mean, 'mean')
    return float(mean)


def check_training(runner: Runner) -> None:
    """Raise :class:`SettingError` if a training cannot go back: its network
    shrinks, or its state is spread over processes."""
    if not isinstance(runner, Runner):
        raise SettingError(FIELD, 'a runner of type Runner',
                           type(runner).__name__)
    if any(isinstance(hook, ShrinkHook) for hook in runner.hooks):
        raise SettingError(
            FIELD, 'a network that keeps its shape, since what was removed '
            'cannot come back', 'ShrinkHook')
    known = (DistributedDataParallel, MMSeparateDistributedDataParallel)
    if is_model_wrapper(runner.model) and not isinstance(runner.model, known):
        raise SettingError('model_wrapper_cfg',
                           'MMDistributedDataParallel, to go back',
                           type(runner.model).__name__)
    for wrapper in wrappers_of(runner):
        if isinstance(wrapper.optimizer, ZeroRedundancyOptimizer):
            raise SettingError(
                'optim_wrapper.optimizer', 'one whose state is whole on every '
                'process, to go back',
                type(wrapper.optimizer).__name__)
