"""Fit a predictor to measured architectures, and judge it."""
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, Optional

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import kendalltau, spearmanr
from torch import Tensor

from scalenas_mm.spaces import ArchError, SettingError
from scalenas_mm.spaces.settings import whole
from .checks import check_number, check_positive
from .features import choose_features, parts_of
from .mlp import MultiMetricMLP

Metrics = Mapping[str, np.ndarray]
Progress = Callable[[int, float], None]

# By features; how they were chosen: docs/ncp.md. The paper's weight decay of
# 1e-7 predicts the noisy settings of NAS-Bench-MR worse.
_LOGS = dict(epochs=100, weight_decay=2e-3, log_loss=True)
RECIPES: Mapping[str, Mapping[str, Any]] = {
    'code': dict(epochs=200, weight_decay=3e-5, log_loss=False),
    'log': _LOGS,
    'code+log': _LOGS
}
NO_ERROR = 1e-6  # of normalised metrics, far below what is ever reached


@contextmanager
def reproducible(seed: int, threads: int = 1) -> Iterator[None]:
    """A number of threads, and torch seeded; as before afterwards.

    With a given number, sums do not depend on the machine's cores. One is best
    for so small a network beside other work.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before)


def fit_predictor(codes: np.ndarray,
                  metrics: Metrics,
                  epochs: Optional[int] = None,
                  batch_size: int = 128,
                  lr: float = 0.01,
                  weight_decay: Optional[float] = None,
                  features: str = 'auto',
                  log_loss: Optional[bool] = None,
                  seed: int = 0,
                  threads: int = 1,
                  progress: Optional[Progress] = None,
                  **kwargs: Any) -> MultiMetricMLP:
    """Train a :class:`MultiMetricMLP` (NCP, Sec. E.1).

    Adam with a one-cycle schedule and the smooth L1 loss of the normalised
    metrics. Deterministic by seed. The paper's own training is
    ``features='code', weight_decay=1e-7``.

    Args:
        codes (np.ndarray): Codes, shape ``(num, genes)``.
        metrics (Mapping[str, np.ndarray]): Measured values, ``(num, )`` each.
        epochs (int, optional): How often every code is seen; by default as
            in ``RECIPES`` for the features.
        batch_size (int): Codes in a step.
        lr (float): Highest learning rate.
        weight_decay (float, optional): Of Adam; by default as in ``RECIPES``
            for the features.
        features (str): What the predictor is fed, ``code``, ``log`` or
            ``code+log``; ``auto`` decides by the values of each gene, see
            :func:`choose_features`.
        log_loss (bool, optional): Whether to lower the logarithm of the loss.
            Then weight decay counts in proportion to the error that is left,
            so that one value suits exact and noisy metrics. By default as in
            ``RECIPES`` for the features.
        seed (int): For weights, order and dropout.
        threads (int): Number of threads.
        progress (Callable, optional): Called with the number of finished
            epochs and the mean loss of the last one.
        **kwargs: Settings of :class:`MultiMetricMLP`.

    Raises:
        ArchError: The codes are no finite numbers of that shape.
        SettingError: The metrics do not fit, a setting is out of range, or
            training diverged.
    """
    codes, values = _check(codes, metrics)
    chosen = resolve_recipe(codes.T, features, epochs, weight_decay, log_loss)
    batch_size = whole('batch_size', batch_size, 1)
    threads = whole('threads', threads, 1)
    lr = check_positive('lr', lr)
    with reproducible(seed, threads):
        model = MultiMetricMLP(
            codes.shape[1],
            list(metrics),
            features=chosen['features'],
            **kwargs)
        model.set_statistics(codes, values)
        optimizer = torch.optim.Adam(
            model.parameters(),
            lr,
            weight_decay=chosen['weight_decay'],
            fused=True)
        _train(model, optimizer, model.inputs(codes),
               model.normalise('metric', values), chosen['epochs'], batch_size,
               chosen['log_loss'], progress)
    return model.eval().requires_grad_(False)


def resolve_recipe(choices: Iterable[np.ndarray],
                   features: str = 'auto',
                   epochs: Optional[int] = None,
                   weight_decay: Optional[float] = None,
                   log_loss: Optional[bool] = None) -> Dict[str, Any]:
    """What :func:`fit_predictor` takes where it is told nothing else.

    Args:
        choices (Iterable[np.ndarray]): As for :func:`choose_features`.
        features (str): As for :func:`fit_predictor`, as all that follow.

    Returns:
        dict: ``features``, ``epochs``, ``weight_decay`` and ``log_loss``.

    Raises:
        SettingError: One is out of range.
    """
    if features == 'auto':
        features = choose_features(choices)
    parts_of(features)
    told = dict(epochs=epochs, weight_decay=weight_decay, log_loss=log_loss)
    recipe = {
        **RECIPES[features],
        **{
            k: v
            for k, v in told.items() if v is not None
        }
    }
    whole('epochs', recipe['epochs'], 1)
    check_number('weight_decay', recipe['weight_decay'])
    return dict(features=features, **recipe)


def _train(model: MultiMetricMLP, optimizer: torch.optim.Optimizer,
           inputs: Tensor, goals: Tensor, epochs: int, batch_size: int,
           log_loss: bool, progress: Optional[Progress]) -> None:
    num, lr = len(inputs), optimizer.param_groups[0]['lr']
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, lr, total_steps=epochs * -(-num // batch_size))
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(num).split(batch_size):
            loss = F.smooth_l1_loss(model(inputs[rows]), goals[rows])
            total += loss.item() * len(rows)
            if log_loss:
                loss = (loss + NO_ERROR).log()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        if progress is not None:
            progress(epoch, total / num)
    if not np.isfinite(total):
        raise SettingError('lr', 'one with which training converges', lr)


def _check(codes: np.ndarray, metrics: Metrics) -> tuple:
    codes = np.asarray(codes, np.float64)
    if codes.ndim != 2 or len(codes) < 2:
        raise ArchError('codes', 'shape (num, genes), at least two rows',
                        codes.shape)
    if not np.isfinite(codes).all():
        raise ArchError('codes', 'finite numbers', 'others')
    if not metrics:
        raise SettingError('metrics', 'at least one', metrics)
    for name, column in metrics.items():
        if np.shape(column) != (len(codes), ):
            raise SettingError(f'metrics.{name}', f'{len(codes)} values',
                               np.shape(column))
    values = np.stack([np.asarray(c, np.float64) for c in metrics.values()], 1)
    if not np.isfinite(values).all():
        raise SettingError('metrics', 'finite numbers', 'others')
    return codes, values


def judge(predictor: MultiMetricMLP, codes: np.ndarray,
          metrics: Metrics) -> Dict[str, Dict[str, float]]:
    """How well measured metrics are predicted.

    Returns:
        dict: For every metric ``l1``, the mean absolute error in the metric's
        unit, and the rank correlations ``kendall`` (tau-b) and ``spearman``.
    """
    predicted = predictor.predict(codes)
    return {
        name:
        dict(
            l1=float(np.abs(predicted[name] - values).mean()),
            kendall=float(kendalltau(predicted[name], values).statistic),
            spearman=float(spearmanr(predicted[name], values).statistic))
        for name, values in metrics.items()
    }
