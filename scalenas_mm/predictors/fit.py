"""Fit a predictor to measured architectures, and judge it."""
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Mapping, Optional

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import kendalltau, spearmanr
from torch.utils.data import TensorDataset

from scalenas_mm.spaces import ArchError
from .mlp import MultiMetricMLP

Metrics = Mapping[str, np.ndarray]
Progress = Callable[[int, float], None]


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
                  epochs: int = 200,
                  batch_size: int = 128,
                  lr: float = 0.01,
                  weight_decay: float = 3e-5,
                  seed: int = 0,
                  threads: int = 1,
                  progress: Optional[Progress] = None,
                  **kwargs: Any) -> MultiMetricMLP:
    """Train a :class:`MultiMetricMLP` (NCP, Sec. E.1).

    Adam with a one-cycle schedule and the smooth L1 loss of the normalised
    metrics. Deterministic by seed.

    Args:
        codes (np.ndarray): Codes, shape ``(num, genes)``.
        metrics (Mapping[str, np.ndarray]): Measured values, ``(num, )`` each.
        epochs (int): How often every code is seen.
        batch_size (int): Codes in a step.
        lr (float): Highest learning rate.
        weight_decay (float): Of Adam. The paper has 1e-7; more predicts the
            noisy settings of NAS-Bench-MR better (docs/ncp.md).
        seed (int): For weights, order and dropout.
        threads (int): Number of threads; two take a fifth less time.
        progress (Callable, optional): Called with the number of finished
            epochs and the mean loss of the last one.
        **kwargs: Settings of :class:`MultiMetricMLP`.

    Raises:
        ArchError: Shapes do not fit, values are not finite, a setting is not
            positive, or training diverged.
    """
    codes, values = _check(codes, metrics)
    for name, value in dict(
            epochs=epochs, batch_size=batch_size, lr=lr,
            threads=threads).items():
        if not value > 0:
            raise ArchError(name, 'a positive number', value)
    with reproducible(seed, threads):
        model = MultiMetricMLP(codes.shape[1], list(metrics), **kwargs)
        model.set_statistics(codes, values)
        optimizer = torch.optim.Adam(
            model.parameters(), lr, weight_decay=weight_decay)
        data = TensorDataset(
            model.normalise('code', codes), model.normalise('metric', values))
        _train(model, optimizer, data, epochs, batch_size, progress)
    return model.eval().requires_grad_(False)


def _train(model: MultiMetricMLP, optimizer: torch.optim.Optimizer,
           data: TensorDataset, epochs: int, batch_size: int,
           progress: Optional[Progress]) -> None:
    codes, metrics = data.tensors
    lr = optimizer.param_groups[0]['lr']
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, lr, total_steps=epochs * -(-len(codes) // batch_size))
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(codes)).split(batch_size):
            loss = F.smooth_l1_loss(model(codes[rows]), metrics[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        if progress is not None:
            progress(epoch, total / len(codes))
    if not np.isfinite(total):
        raise ArchError('lr', 'one with which training converges', lr)


def _check(codes: np.ndarray, metrics: Metrics) -> tuple:
    codes = np.asarray(codes, np.float64)
    if codes.ndim != 2 or len(codes) < 2:
        raise ArchError('codes', 'shape (num, genes), at least two rows',
                        codes.shape)
    if not metrics:
        raise ArchError('metrics', 'at least one', metrics)
    for name, column in metrics.items():
        if np.shape(column) != (len(codes), ):
            raise ArchError(f'metrics.{name}', f'{len(codes)} values',
                            np.shape(column))
    values = np.stack([np.asarray(c, np.float64) for c in metrics.values()], 1)
    for name, data in (('codes', codes), ('metrics', values)):
        if not np.isfinite(data).all():
            raise ArchError(name, 'finite numbers', 'others')
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
