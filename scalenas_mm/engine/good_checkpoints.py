"""Checkpoints of a training that has not diverged."""
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional

from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner

from scalenas_mm._files import whole_file
from scalenas_mm.evaluation import from_main, together

FOLDER = 'divergence_guard'
KINDS = ('good', 'validated', 'pending')


class GoodCheckpoints:
    """At most three files ``divergence_guard/iter_<n>.pth`` in the work
    directory, each a whole checkpoint that a run may also resume from.

    ``CheckpointHook`` is no help here: it may have written its last ones after
    the divergence began, and have removed the others.

    Args:
        calm (int): Iterations without anything suspicious after which a
            checkpoint counts as good.
        validations (bool): Whether validations are watched, too.

    Attributes:
        folder (Path): For the files; to be set before anything else.
        good: Iterations done at the last one that was good by the loss.
        validated: At the last one whose validation was good.
        pending: At the one that waits until it is known.
    """

    def __init__(self, calm: int, validations: bool) -> None:
        self.calm, self.validations = calm, validations
        self.folder = Path(FOLDER)
        self.good: Optional[int] = None
        self.validated: Optional[int] = None
        self.pending: Optional[int] = None

    def start(self, runner: Runner) -> None:
        """Keep what the state names and is there. If none of it is, what the
        run begins with is good: nothing else is known, or a later one was.
        """
        there = from_main(
            lambda: {
                kind:
                getattr(self, kind) is not None and self.path(
                    getattr(self, kind)).is_file()
                for kind in KINDS
            })
        for kind in KINDS:
            if not there[kind]:
                setattr(self, kind, None)
        if self.good is None:  # one took its place, later than the state
            self.good, self.pending = self.pending, None
        if self.good is None:
            self.good = self._written(runner)
        if self.validations and self.validated is None:
            self.validated = self.good
        self._tidy()

    def path(self, step: int) -> Path:
        return self.folder / f'iter_{step}.pth'

    def offer(self, runner: Runner) -> None:
        """Write one that is not known to be good yet, unless one waits."""
        if self.pending is None and runner.iter > (self.good or 0):
            self.pending = self._written(runner)

    def time_is(self, step: int) -> None:
        """One that has waited for long enough is good."""
        if self.pending is not None and step - self.pending >= self.calm:
            self.good, self.pending = self.pending, None
            self._tidy()

    def doubt(self) -> None:
        """What waits may not be good."""
        if self.pending is not None:
            self.pending = None
            self._tidy()

    def validate(self, runner: Runner) -> None:
        """The network of this moment has been validated, and is good."""
        self.validated = self._written(runner)
        self._tidy()

    def last(self, validated: bool = False) -> int:
        """Iterations done at the last good one, or at the last of which
        validation says so."""
        known = [self.validated] if validated else [self.good, self.validated]
        return max(step for step in known if step is not None)

    def drop_after(self, step: int) -> None:
        """Forget what came later than ``step``, which is one of these."""
        self.good = step
        self.pending = None
        self._tidy()

    def remove(self) -> None:
        """Remove the files."""
        self.load_state_dict({})
        self._tidy()

    def state_dict(self) -> Dict[str, Any]:
        return {kind: getattr(self, kind) for kind in KINDS}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for kind in KINDS:
            setattr(self, kind, state.get(kind))

    def _written(self, runner: Runner) -> int:
        from_main(lambda: self._write(runner))
        return runner.iter

    def _write(self, runner: Runner) -> None:
        with whole_file(self.path(runner.iter)) as part:
            runner.save_checkpoint(
                str(part.parent),
                part.name,
                save_param_scheduler=runner.param_schedulers is not None,
                meta=dict(epoch=runner.epoch, iter=runner.iter),
                by_epoch=False)

    def _tidy(self) -> None:
        """Remove files that are no longer needed, of runs before, too."""

        def remove() -> None:
            kept = {getattr(self, kind) for kind in KINDS} - {None}
            names = {self.path(step).name for step in kept}
            # with parts of files that a killed process has left
            for path in self.folder.glob('*iter_*.pth'):
                if path.name not in names:
                    path.unlink(missing_ok=True)
            if not names and self.folder.is_dir():
                _remove_if_empty(self.folder)

        from_main(remove)


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def restore(runner: Runner, path: Path) -> None:
    """Give network, averages and the state of optimisers back to the runner.

    Where the schedules are stays, and so do the settings that they give to
    the optimisers, the data and the count of iterations. Every process reads
    the file; if one cannot, all raise.

    Raises:
        RankError: It failed on another process.
        Exception: The file cannot be read or is of another network.
    """
    together(lambda: _restore(runner, path))


def _restore(runner: Runner, path: Path) -> None:
    resuming = runner._resume
    # hooks such as EMAHook then take over their state
    runner._resume = True
    try:
        checkpoint = runner.load_checkpoint(
            str(path), map_location='cpu', strict=True)
    finally:
        runner._resume = resuming
    settings = [{
        key: value
        for key, value in group.items() if key != 'params'
    } for group in groups_of(runner)]
    runner.optim_wrapper.load_state_dict(checkpoint['optimizer'])
    for group, now in zip(groups_of(runner), settings):
        group.update(now)
    runner.optim_wrapper.zero_grad()  # of a step that is not complete


def groups_of(runner: Runner) -> List[Dict[str, Any]]:
    """Groups of parameters of all optimisers, and what MMEngine keeps like a
    group, such as the rate that is logged."""
    return [
        group for wrapper in wrappers_of(runner)
        for group in wrapper.param_groups
    ]


def wrappers_of(runner: Runner) -> Iterator[Any]:
    """The optimiser wrapper, or those in it."""
    wrapper = runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        yield from wrapper.values()
    else:
        yield wrapper
