"""Draw the progress of a search, or of a shrinking run, while it runs."""
import time
from pathlib import Path
from typing import Any, Callable, Optional

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from scalenas_mm._files import PathLike
from scalenas_mm.registry import HOOKS, SPACES


class _PlotHook(Hook):
    """Draws files in the work directory and gives them to the visualizer.

    A plot that cannot be drawn does not stop the run: the first one is warned
    about.

    Args:
        metric (str, optional): Metric on the vertical axis. Defaults to the
            first objective that is no cost.
        cost (str): Cost on the horizontal axis.
        report (bool): Whether to write ``report.html``, too.
    """
    priority = 'LOW'

    def __init__(self,
                 metric: Optional[str] = None,
                 cost: str = 'macs',
                 report: bool = True):
        self.metric = metric
        self.cost = cost
        self.report = report
        self._writer: Any = None
        self._warned = False

    def _write(self, archive: PathLike, records: Any, last: bool) -> None:
        """Write the report of an archive, unless it is too soon for it."""
        if self._writer is None:
            from .search_report.writer import ReportWriter
            self._writer = ReportWriter(archive)
        self._writer.write(records, last)

    def _try(self, runner: Runner, draw: Callable[[], None],
             what: str) -> None:
        try:
            draw()
        except Exception as error:
            if not self._warned:
                runner.logger.warning(
                    f'{type(self).__name__}: cannot draw {what} ({error!r})',
                    exc_info=True)
            self._warned = True

    def _plot(self, runner: Runner, name: str, step: int, plot: Callable,
              *args: Any, **kwargs: Any) -> None:
        """Draw ``name.png`` and show it."""
        from mmcv import imread
        path = Path(runner.work_dir, f'{name}.png')
        plot(*args, **kwargs, path=path)
        runner.visualizer.add_image(name,
                                    imread(str(path),
                                           channel_order='rgb'), step)


@HOOKS.register_module()
class SearchPlotHook(_PlotHook):
    """Draws the Pareto front and the progress after every generation.

    Writes ``pareto.png`` and ``progress.png`` to the work directory and gives
    both to the runner's visualizer, whose backends (TensorBoard, W&B) then
    show them by generation. Beside the archive it writes ``report.html``, the
    page of ``tools/report.py``, and ``archive.times.jsonl``: when candidates
    were recorded. What cannot be drawn or written does not stop the search:
    the first such thing is warned about.

    Args:
        metric (str, optional): Metric on the vertical axis. Defaults to the
            first objective that is no cost.
        cost (str): Cost on the horizontal axis.
        report (bool): Whether to write the report and the times.
    """

    @master_only
    def after_candidate(self, runner: Runner, record: Any) -> None:
        if self.report:
            self._try(runner, lambda: self._note(runner, record),
                      f'times of candidate {record.id}, the search goes on')

    @master_only
    def after_generation(self, runner: Runner, generation: int) -> None:
        what = f'generation {generation}, the search goes on'
        self._try(runner, lambda: self._draw(runner, generation), what)
        if self.report:
            self._try(runner, lambda: self._report(runner, False),
                      f'the report of {what}')

    @master_only
    def after_search(self, runner: Runner) -> None:
        if self.report:
            self._try(runner, lambda: self._report(runner, True), 'the report')

    def _note(self, runner: Runner, record: Any) -> None:
        """Say when a candidate was recorded and, if known, by whom it was
        measured. The archive is the same whenever it is made: not there."""
        from .search_report.times import Span, append_time
        loop = runner.train_loop
        worker = getattr(getattr(loop, 'outcome', None), 'worker', None)
        append_time(loop.archive_path,
                    Span(record.id, time.time(), record.seconds, worker))

    def _report(self, runner: Runner, last: bool) -> None:
        loop = runner.train_loop
        self._write(loop.archive_path, loop.searcher.history, last)

    def _draw(self, runner: Runner, generation: int) -> None:
        # here, because they load matplotlib and pandas
        from .pareto import plot_pareto, plot_progress
        from .pareto_data import as_table, references
        searcher = runner.train_loop.searcher
        metric = self.metric or next(iter(searcher.objectives.metrics), None)
        if metric is None or not any(r.ok for r in searcher.history):
            return
        records = as_table(searcher.history)
        options = dict(
            metric=metric,
            cost=self.cost,
            lower_is_better=searcher.objectives.directions.get(metric) ==
            'min')
        known = references(runner.train_loop.baselines, metric, self.cost)
        self._plot(
            runner,
            'pareto',
            generation,
            plot_pareto,
            records,
            references=known,
            **options)
        self._plot(runner, 'progress', generation, plot_progress, records,
                   **options)


@HOOKS.register_module()
class ShrinkPlotHook(_PlotHook):
    """Draws a network that shrinks while it trains after each record.

    For runs with a ``ShrinkArchiveHook``. Writes to the work directory
    ``trajectory.png`` (costs, metric, units and tokens over the iterations),
    ``pareto.png`` and, where there is a drawing, ``arch.png``, and gives them
    to the runner's visualizer. A plot that cannot be drawn does not stop the
    run: the first one is warned about.

    Args:
        metric (str, optional): Metric on the vertical axis. Defaults to the
            first objective that is no cost.
        cost (str): Which cost.
        report (bool): Whether to write ``report.html``, too, the page of
            ``tools/report.py``.
    """
    of_search = True  # an exported config is without it

    @master_only
    def after_record(self, runner: Runner, record: Any) -> None:
        what = f'record {record.id}, the training goes on'
        self._try(runner, lambda: self._draw(runner, record), what)
        if self.report:
            self._try(runner, lambda: self._report(runner, False),
                      f'the report of {what}')

    @master_only
    def after_train(self, runner: Runner) -> None:
        if self.report and self._writer is not None:
            self._try(runner, lambda: self._report(runner, True), 'the report')

    def _report(self, runner: Runner, last: bool) -> None:
        archive = next(h for h in runner.hooks if hasattr(h, 'records'))
        self._write(Path(runner.work_dir, archive.name), archive.records, last)

    def _draw(self, runner: Runner, record: Any) -> None:
        from scalenas_mm.search import read_meta
        from .drawings import draw_arch, has_drawing
        from .pareto import plot_pareto
        from .pareto_data import as_table
        from .trajectory import plot_trajectory
        archive = next(h for h in runner.hooks if hasattr(h, 'records'))
        meta = read_meta(Path(runner.work_dir) / archive.name)
        space = SPACES.build(meta['space'])
        size = meta['evaluation']['input_size']
        metric = self.metric or next(iter(archive.objectives.metrics), None)
        records, step = as_table(archive.records), record.step
        options = dict(cost=self.cost, metric=metric)
        self._plot(
            runner,
            'trajectory',
            step,
            plot_trajectory,
            records,
            space=space,
            budget=self._budget(runner),
            **options)
        lower = archive.objectives.directions.get(metric) == 'min'
        if metric is not None:
            self._plot(
                runner,
                'pareto',
                step,
                plot_pareto,
                records,
                lower_is_better=lower,
                **options)
        if has_drawing(space):
            self._plot(
                runner,
                'arch',
                step,
                draw_arch,
                space,
                space.from_dict(record.arch),
                input_size=tuple(size))

    def _budget(self, runner: Runner) -> Optional[float]:
        """What the run is to end at, if that is of the cost that is drawn."""
        for hook in runner.hooks:
            budget = getattr(getattr(hook, 'controller', None), 'budget', None)
            if budget is not None and budget.key == self.cost:
                return float(budget.limit)
        return None
