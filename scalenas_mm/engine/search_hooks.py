"""Show the progress of a search."""
from typing import List, Optional, Set

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from scalenas_mm.registry import HOOKS
from scalenas_mm.search import Record
from .search_status import (CANDIDATE, SearchStatus, SearchTerminal, clock,
                            on_terminal, short_number)


@HOOKS.register_module()
class SearchLoggerHook(Hook):
    """Logs every candidate, and the Pareto front after each generation.

    Of a search that was done before, it logs what was measured again, and the
    front. In a terminal a bar says how far it is, in place of the lines of
    single candidates; they are in the log file.

    Args:
        interval (int): Log every so many candidates.
    """
    priority = 'BELOW_NORMAL'

    def __init__(self, interval: int = 1) -> None:
        self.interval = interval
        self._warned = False
        self._terminal: Optional[SearchTerminal] = None

    def before_search(self, runner: Runner) -> None:
        searcher = runner.train_loop.searcher
        self._status = SearchStatus(runner.train_loop)
        self._done = len(searcher.history)
        self._constant: Set[str] = set()
        runner.logger.info(
            f'{type(searcher).__name__}: {searcher.N} candidates, '
            f'{self._done} of them in the archive '
            f'{runner.train_loop.archive_path}')
        if is_main_process() and on_terminal():
            self._terminal = SearchTerminal(runner.logger)

    def after_baselines(self, runner: Runner, records: List[Record]) -> None:
        runner.logger.info('Compared with:\n' +
                           '\n'.join(self._table(runner, records)))

    def after_search(self, runner: Runner) -> None:
        searcher = runner.train_loop.searcher
        if self._done and len(searcher.history) == self._done:
            self._show_front(runner, 'nothing is left to search; Pareto front')

    def close_search(self, runner: Runner) -> None:
        """However the search ended."""
        if self._terminal is not None:
            self._terminal.stop()
            self._terminal = None

    def after_candidate(self, runner: Runner, record: Record) -> None:
        searcher = runner.train_loop.searcher
        for key, value in record.metrics.items():
            if key in searcher.objectives.directions:
                self._show(runner, f'search/{key}', value, record.id)
        again = record.id < self._done
        self._status.failed += not record.ok
        if self._terminal is not None:
            self._terminal.show(self._status, record.generation)
        if record.ok and not again and (record.id + 1) % self.interval:
            return
        result = self._values(runner, record) if record.ok else record.error
        step = f'Again candidate {record.id}' if again else (
            f'Search [{self._status.done}/{searcher.N}]')
        runner.logger.info(
            f'{step}  generation {record.generation}  '
            f'{result}  {record.seconds:.1f} s  '
            f'eta {clock(self._status.left)}',
            extra={CANDIDATE: True})

    def _show(self, runner: Runner, key: str, value: float, id: int) -> None:
        """Give a number to the visualizer. The search needs it not, so that
        it goes on without, such as on a full disk."""
        try:
            runner.visualizer.add_scalar(key, value, id)
        except Exception as error:
            if not self._warned:
                runner.logger.warning(
                    f'{key} of candidate {id} cannot be shown ({error!r}), '
                    'the search goes on')
            self._warned = True

    def after_generation(self, runner: Runner, generation: int) -> None:
        searcher = runner.train_loop.searcher
        runner.logger.info(self._status.line(generation))
        self._show_front(runner, f'Pareto front after generation {generation}')
        self._warn_of_constants(runner)
        # only here: it may train a predictor, which others need not
        last = searcher.finished or not is_main_process()
        report = '' if last else searcher.report(generation)
        if report:
            runner.logger.info(report)

    def _warn_of_constants(self, runner: Runner) -> None:
        """Of metrics that nothing is measured for, such as COCO's AP of a
        size that no object has, which is -1; once for each."""
        searcher = runner.train_loop.searcher
        good = [record for record in searcher.history if record.ok]
        for key in searcher.objectives.metrics:
            values = {record.metrics[key] for record in good}
            if len(good) > 1 and len(values) == 1 and (key
                                                       not in self._constant):
                self._constant.add(key)
                runner.logger.warning(
                    f'objectives.{key}: {short_number(values.pop())} for all '
                    f'{len(good)} candidates; it cannot tell them apart')

    def _show_front(self, runner: Runner, title: str) -> None:
        searcher = runner.train_loop.searcher
        good = len(searcher.measured()[0])
        failed = len(searcher.history) - good
        front = sorted(
            searcher.front(), key=lambda record: record.cost['macs'])
        known = [r for r in runner.train_loop.baselines if r.ok]
        runner.logger.info(f'{title} ({good} candidates, {failed} failed):\n' +
                           '\n'.join(self._table(runner, [*front, *known])))

    def _table(self, runner: Runner, records: List[Record]) -> List[str]:
        names = [record.name or f'id {record.id}' for record in records]
        width = max([8, *map(len, names)])
        return [
            f'  {name:<{width}} '
            f'{self._values(runner, record) if record.ok else record.error}'
            for name, record in zip(names, records)
        ]

    def _values(self, runner: Runner, record: Record) -> str:
        keys = list(runner.train_loop.searcher.objectives.directions)
        return '  '.join(f'{key} {short_number(record.value(key))}'
                         for key in keys)
