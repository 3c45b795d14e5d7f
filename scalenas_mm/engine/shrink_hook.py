"""Remove what a network has learnt to do without, while it trains."""
from typing import Any, Dict, List, Optional

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from scalenas_mm.backbones.base import SearchableBackbone, find_searchable
from scalenas_mm.evaluation import (agree, alone, calibration_batches,
                                    estimate_statistics, together, unwrapped)
from scalenas_mm.evaluation.weights import tensors_digest
from scalenas_mm.registry import HOOKS
from scalenas_mm.spaces import SettingError, as_size
from scalenas_mm.spaces.settings import whole
from .search_checks import check_calibration
from .shrink_checks import (check_numbers, check_training, flag, number,
                            own_penalty, warn_if_empty)
from .surgery import averages_of, planned_shrink, share_statistics

SCORES = ('both', 'average', 'network')


@HOOKS.register_module()
class ShrinkHook(Hook):
    """Progressive shrinking (HR-NAS, Sec. 3.3).

    Every so often, units and tokens whose importance is not above a threshold
    are removed for good: from the network, the state of optimisers, averages
    of MMEngine's ``EMAHook`` and the buckets of distributed training. This is
    before the validation of that moment, so that what is validated is what
    goes on; then ``after_shrink(runner, before, after)`` is called on all
    hooks. All processes do the same, or all of them raise.

    Checkpoints carry the architecture. One that is loaded or resumed gives
    the network its shape first, so training goes on from any checkpoint, and
    tests run, without further settings. One that is loaded to begin a new run
    leaves the weight of the penalty as the config has it.

    ``EMAHook`` should have ``update_buffers=True``: without it MMEngine
    validates averaged weights with the statistics of the raw ones.

    Args:
        interval (int): Shrink every so many epochs or iterations, and at the
            end. The paper has 5 epochs; the released code 5 (ImageNet), 10
            (Cityscapes), 25 (ADE20K), 30 (COCO).
        by_epoch (bool): Whether ``interval``, ``begin`` and ``end`` are
            epochs. By iteration, averages are those of the iteration before.
        begin (int): No shrink before it (warm-up).
        end (int, optional): Time of the last shrink. Defaults to the end of
            the training.
        threshold (float): What has a score above it stays.
        scores (str): ``both``: the absolute importance, in the network or in
            its average, whichever is larger, as in the released code.
            ``average`` or ``network``: that one. Without averages it is the
            network's.
        last_scores (str): The same for the last shrink; in the released code
            the average.
        remove_tokens (bool): Whether tokens go, too. The released code never
            removes one.
        fold_dead_bias (bool): Keep the constants that dead units still emit;
            see :class:`~scalenas_mm.backbones.hrnas_folding.Folding`. False
            is the released code.
        num_calibration_batches (int): Training batches on which statistics of
            batch norm are re-estimated after a shrink, in network and
            averages; 0 keeps what there is, as the released code does.
        seed (int): Chooses them.
        min_saving (float): Shrink only if it saves so many multiply-adds, or
            at the last time. The released code has 1e6 at 224 x 224.
        input_size (Sequence[int], optional): Height and width for which
            multiply-adds are counted. Defaults to those of the penalty.
        target (dict, optional): Where to end; see
            :class:`~scalenas_mm.engine.shrink_target.ShrinkTarget`.

    Attributes:
        shrinks: How many there have been.
        controller: Steers the penalty and limits what is removed, or None.

    Raises:
        SettingError: An argument is not valid.
    """
    priority = 'ABOVE_NORMAL'  # before EMAHook loads averages

    def __init__(self,
                 interval: int = 5,
                 by_epoch: bool = True,
                 begin: int = 0,
                 end: Optional[int] = None,
                 threshold: float = 1e-3,
                 scores: str = 'both',
                 last_scores: str = 'average',
                 remove_tokens: bool = True,
                 fold_dead_bias: bool = True,
                 num_calibration_batches: int = 8,
                 seed: int = 0,
                 min_saving: float = 0,
                 input_size: Any = None,
                 target: Optional[dict] = None) -> None:
        self.interval = whole('interval', interval)
        self.by_epoch = flag('by_epoch', by_epoch)
        self.begin = whole('begin', begin, 0)
        self.end = None if end is None else whole('end', end, begin)
        self.threshold = number('threshold', threshold)
        for name, value in (('scores', scores), ('last_scores', last_scores)):
            if value not in SCORES:
                raise SettingError(name, f'one of {SCORES}', value)
        self.scores, self.last_scores = scores, last_scores
        self.remove_tokens = remove_tokens
        self.fold_dead_bias = fold_dead_bias
        self.num_calibration_batches = whole('num_calibration_batches',
                                             num_calibration_batches, 0)
        self.seed = whole('seed', seed, 0)
        self.min_saving = number('min_saving', min_saving)
        self.input_size = None if input_size is None else as_size(input_size)
        self.target = target
        self.controller: Any = None
        self.shrinks = 0
        self._state: Any = None  # of the controller, from a checkpoint
        self._batches: Optional[List[Any]] = None

    # -- when -------------------------------------------------------------
    def before_train(self, runner: Runner) -> None:
        check_training(self, runner)
        if self.target is not None:
            from .shrink_target import build_controller
            self.controller = build_controller(self, runner, self._state)

    def last(self, runner: Runner) -> int:
        """Epoch or iteration of the last shrink."""
        if self.end is not None:
            return self.end
        return runner.max_epochs if self.by_epoch else runner.max_iters

    def after_train_epoch(self, runner: Runner) -> None:
        if self.by_epoch:
            self._at(runner, runner.epoch + 1)

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Any = None) -> None:
        if self.controller is not None:
            self.controller.after_iter(self, runner)
        if not self.by_epoch:
            self._at(runner, runner.iter + 1)

    def _at(self, runner: Runner, now: int) -> None:
        last = self.last(runner)
        if now == last or (now % self.interval == 0
                           and self.begin <= now < last):
            self.shrink(runner, now == last)

    # -- what -------------------------------------------------------------
    def backbone(self, runner: Runner) -> SearchableBackbone:
        """The shrinking backbone."""
        return find_searchable(unwrapped(runner.model))

    def importance(self, runner: Runner, which: str) -> Dict[str, Tensor]:
        """Scores of all units, by the names of :meth:`HRNAS.gammas`, the mean
        over all processes.

        ``which`` is one of :data:`SCORES`.
        """
        averages = averages_of(runner)
        networks = [unwrapped(runner.model)] * (
            which != 'average' or not averages)
        if which != 'network':
            networks += [average.module for average in averages]
        rows = [find_searchable(one).gammas() for one in networks]
        if not rows[0]:
            return {}
        flat = torch.stack([
            torch.cat([gamma.detach() for gamma in row.values()]).abs()
            for row in rows
        ]).amax(0)
        all_reduce(flat, 'mean')
        sizes = [len(gamma) for gamma in rows[0].values()]
        out = dict(zip(rows[0], flat.cpu().split(sizes)))
        if not self.remove_tokens:
            for name in out:
                if '.transformer.' in name:
                    out[name] = torch.full_like(out[name], torch.inf)
        return out

    def shrink(self, runner: Runner, last: bool = False) -> bool:
        """Remove what is not needed now.

        ``last`` says whether it is the last time. Returns whether anything
        was removed.

        Raises:
            SettingError: An optimiser or wrapper cannot be cut, a score is
                nan, or processes do not agree; on all of them. The
                network is as before.
            RankError: Another process failed.
        """
        backbone = self.backbone(runner)
        before = backbone.arch
        scores = self.importance(runner,
                                 self.last_scores if last else self.scores)
        check_numbers(scores)
        if self.controller is not None:
            after, scores = self.controller.choose(self, runner, scores)
        else:
            after = backbone.surviving(scores, self.threshold)
        agree('shrink', 'the same on all processes',
              (after.digest, tensors_digest(scores)))
        if after == before or not (last or self._worth(runner, after)):
            return False
        if self.fold_dead_bias:
            share_statistics(self._models(runner))
        commit = together(
            lambda: planned_shrink(runner, after, scores, self.fold_dead_bias))
        together(commit)
        self.shrinks += 1
        if self.num_calibration_batches:
            self._calibrate(runner)
        self._log(runner, before, after)
        warn_if_empty(runner, after)
        runner.call_hook('after_shrink', before=before, after=after)
        return True

    def _size(self, runner: Runner) -> Any:
        penalty = getattr(unwrapped(runner.model), 'penalty', None)
        return self.input_size or getattr(penalty, 'input_size', None)

    def _worth(self, runner: Runner, after: Any) -> bool:
        if not self.min_saving:
            return True
        size, backbone = self._size(runner), self.backbone(runner)
        if size is None:
            raise SettingError('input_size', 'height and width, as min_saving '
                               'is set', None)
        now, then = (
            backbone.space.complexity(arch, size).macs
            for arch in (backbone.arch, after))
        return now - then >= self.min_saving

    def _calibrate(self, runner: Runner) -> None:
        """Re-estimate statistics, on the same batches on every process."""
        if self._batches is None:
            self._batches = together(lambda: calibration_batches(
                runner.train_dataloader, self.num_calibration_batches, self.
                seed))
            check_calibration(self._batches)
        models = self._models(runner)
        together(lambda: [self._estimate(model) for model in models])

    def _models(self, runner: Runner) -> List[torch.nn.Module]:
        """The network and its averages."""
        averages = [average.module for average in averages_of(runner)]
        return [unwrapped(runner.model), *averages]

    def _estimate(self, model: torch.nn.Module) -> None:
        with alone():  # nobody waits in synchronised batch norm
            found = estimate_statistics(model, self._batches, self.seed)
        buffers = dict(model.named_buffers())
        for name, value in found.items():
            if not name.endswith('num_batches_tracked'):
                buffers[name].copy_(value)

    def _log(self, runner: Runner, before: Any, after: Any) -> None:
        space, size = self.backbone(runner).space, self._size(runner)
        facts = [space.facts(arch) for arch in (before, after)]
        if size is not None:
            for fact, arch in zip(facts, (before, after)):
                fact.update(macs=space.complexity(arch, size).macs)
        runner.logger.info(
            f'shrink {self.shrinks} at iteration {runner.iter}: ' +
            ', '.join(f'{key} {old} -> {facts[1][key]}'
                      for key, old in facts[0].items()))

    # -- checkpoints ------------------------------------------------------
    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        checkpoint['shrinking'] = dict(
            arch=self.backbone(runner).arch.to_dict(), shrinks=self.shrinks)
        if self.controller is not None:
            checkpoint['shrinking'].update(
                controller=self.controller.state_dict())

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Give the network the shape of the checkpoint."""
        state = checkpoint.get('shrinking')
        if state is None:
            return
        backbone = self.backbone(runner)
        arch = backbone.space.from_dict(state['arch'])
        if arch != backbone.arch:
            planned_shrink(runner, arch, None, False)()
        if runner._resume:
            self.shrinks = state['shrinks']
            self._state = state.get('controller')
        else:
            own_penalty(runner, checkpoint)
