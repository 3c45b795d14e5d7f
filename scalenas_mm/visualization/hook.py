"""Draw the progress of a search while it runs."""
from pathlib import Path
from typing import Optional

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from scalenas_mm.registry import HOOKS


@HOOKS.register_module()
class SearchPlotHook(Hook):
    """Draws the Pareto front and the progress after every generation.

    Writes ``pareto.png`` and ``progress.png`` to the work directory and gives
    both to the runner's visualizer, whose backends (TensorBoard, W&B) then
    show them by generation. A plot that cannot be drawn does not stop the
    search: the first one is warned about.

    Args:
        metric (str, optional): Metric on the vertical axis. Defaults to the
            first objective that is no cost.
        cost (str): Cost on the horizontal axis.
    """
    priority = 'LOW'

    def __init__(self, metric: Optional[str] = None, cost: str = 'macs'):
        self.metric = metric
        self.cost = cost
        self._warned = False

    @master_only
    def after_generation(self, runner: Runner, generation: int) -> None:
        try:
            self._draw(runner, generation)
        except Exception as error:
            if not self._warned:
                runner.logger.warning(
                    f'{type(self).__name__}: cannot draw generation '
                    f'{generation}, the search goes on ({error!r})',
                    exc_info=True)
            self._warned = True

    def _draw(self, runner: Runner, generation: int) -> None:
        # here, because they load matplotlib and pandas
        from mmcv import imread

        from .pareto import plot_pareto, plot_progress
        from .pareto_data import as_table
        loop = runner.train_loop
        objectives = loop.searcher.objectives
        metric = self.metric or next(iter(objectives.metrics), None)
        if metric is None or not any(r.ok for r in loop.searcher.history):
            return
        records = as_table(loop.searcher.history)
        lower = objectives.directions.get(metric) == 'min'
        for plot, name in ((plot_pareto, 'pareto'), (plot_progress,
                                                     'progress')):
            path = Path(runner.work_dir, f'{name}.png')
            plot(records, path, metric, cost=self.cost, lower_is_better=lower)
            runner.visualizer.add_image(name,
                                        imread(str(path), channel_order='rgb'),
                                        generation)
