"""Draw the progress of a search while it runs."""
from pathlib import Path
from typing import Optional

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from scalenas_mm.registry import HOOKS
from .pareto import plot_pareto, plot_progress
from .pareto_data import load_records


@HOOKS.register_module()
class SearchPlotHook(Hook):
    """Writes ``pareto.png`` and ``progress.png`` after every generation.

    Args:
        metric (str, optional): Metric on the vertical axis. Defaults to the
            first objective that is no cost.
        cost (str): Cost on the horizontal axis.
    """
    priority = 'LOW'

    def __init__(self, metric: Optional[str] = None, cost: str = 'macs'):
        self.metric = metric
        self.cost = cost

    @master_only
    def after_generation(self, runner: Runner, generation: int) -> None:
        loop = runner.train_loop
        objectives = loop.searcher.objectives
        metric = self.metric or next(iter(objectives.metrics), None)
        if metric is None or not any(r.ok for r in loop.searcher.history):
            return
        folder = Path(runner.work_dir)
        records = load_records(loop.archive_path)
        lower = objectives.directions.get(metric) == 'min'
        for plot, name in ((plot_pareto, 'pareto'), (plot_progress,
                                                     'progress')):
            plot(
                records,
                folder / f'{name}.png',
                metric,
                cost=self.cost,
                lower_is_better=lower)
