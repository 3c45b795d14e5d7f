"""The neural predictor of NCP: architecture code -> several metrics."""
from typing import Any, Dict, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalenas_mm.registry import PREDICTORS
from scalenas_mm.spaces import ArchError, SettingError
from .dropout import Dropout
from .features import parts_of

LEAST = 1e-6  # what is below has its logarithm; no space's genes come here


@PREDICTORS.register_module()
class MultiMetricMLP(nn.Module):
    """Three fully connected layers (NCP, Sec. E.1).

    The first layer is shared, the second and third belong to one metric
    each; swish and dropout follow the first two. It is fed codes, their
    logarithms or both (:func:`choose_features`). Inside, codes, logarithms
    and metrics are normalised to zero mean and unit deviation; the statistics
    are buffers and so part of a checkpoint.

    Args:
        num_genes (int): Length of a code.
        metrics (Sequence[str]): Names of the predicted metrics.
        width (int): Units of the shared layer.
        metric_width (int): Units of the second layer, for each metric.
        dropout (float): Dropout ratio, below 1.
        features (str): ``code`` (the paper), ``log`` or ``code+log``.

    Raises:
        SettingError: There is no metric, or one twice; no such features or
            ratio.
    """

    code_mean: Tensor
    code_std: Tensor
    metric_mean: Tensor
    metric_std: Tensor

    def __init__(self,
                 num_genes: int,
                 metrics: Sequence[str],
                 width: int = 256,
                 metric_width: int = 128,
                 dropout: float = 0.5,
                 features: str = 'code') -> None:
        super().__init__()
        if not metrics or len(set(metrics)) != len(metrics):
            raise SettingError('metrics', 'different names, at least one',
                               metrics)
        self.settings: Dict[str, Any] = dict(
            num_genes=num_genes,
            metrics=list(metrics),
            width=width,
            metric_width=metric_width,
            dropout=dropout,
            features=features)
        self.features = parts_of(features)
        self.metrics = tuple(metrics)
        self.num_genes = num_genes
        num = len(metrics)
        self.shared = nn.Linear(len(self.features) * num_genes, width)
        self.separate = nn.Linear(width, num * metric_width)
        self.head = nn.Conv1d(num * metric_width, num, 1, groups=num)
        self.dropout = Dropout(dropout)
        lengths = dict(code=num_genes, metric=num)
        if 'log' in self.features:
            lengths['log'] = num_genes
        for name, length in lengths.items():
            self.register_buffer(f'{name}_mean', torch.zeros(length))
            self.register_buffer(f'{name}_std', torch.ones(length))

    def forward(self, inputs: Tensor) -> Tensor:
        """:meth:`inputs` of codes to normalised metrics ``(N, M)``."""
        x = self.dropout(F.silu(self.shared(inputs)))
        x = self.dropout(F.silu(self.separate(x)))
        # as the head itself computes it, in an eighth of the time
        weight = self.head.weight[..., 0]
        return (x.view(len(x), *weight.shape) *
                weight).sum(-1) + self.head.bias

    def inputs(self, codes: Any) -> Tensor:
        """What the first layer is fed of codes ``(N, genes)``; differentiable.
        """
        return torch.cat([self.normalise(n, codes) for n in self.features], 1)

    def set_statistics(self, codes: np.ndarray, values: np.ndarray) -> None:
        """Take mean and deviation from codes (N, G) and metrics (N, M).

        The deviation of what never varies is 0; it is not scaled.

        Raises:
            SettingError: Codes of 0 or less have no logarithm.
        """
        data = dict(code=codes, metric=values)
        if 'log' in self.features:
            if not np.min(codes) > 0:
                raise SettingError('features',
                                   'code, because genes may be 0 or less',
                                   self.settings['features'])
            data['log'] = np.log(codes)
        for name, array in data.items():
            getattr(self, f'{name}_mean').copy_(torch.tensor(array.mean(0)))
            getattr(self, f'{name}_std').copy_(torch.tensor(array.std(0)))

    def scale(self, name: str) -> Tensor:
        """What codes, their logarithms or metrics are divided by."""
        std = getattr(self, f'{name}_std')
        return torch.where(std > 0, std, 1.0)

    def normalise(self, name: str, data: Any) -> Tensor:
        """Units of the deviation (``name``: ``code``, ``log``, ``metric``);
        for ``log`` of the logarithms of ``data``, which are codes."""
        if not isinstance(data, Tensor):
            data = torch.as_tensor(np.asarray(data, np.float32))
        if name == 'log':
            data = data.clamp(min=LEAST).log()
        return (data - getattr(self, f'{name}_mean')) / self.scale(name)

    @torch.no_grad()
    def predict(self, codes: np.ndarray) -> Dict[str, np.ndarray]:
        """Metrics in their own units of codes ``(N, genes)``."""
        codes = np.atleast_2d(codes)
        if codes.shape[1:] != (self.num_genes, ):
            raise ArchError('codes', f'shape (N, {self.num_genes})',
                            codes.shape)
        training = self.training
        self.eval()
        values = self(self.inputs(codes))
        self.train(training)
        # double, so that metrics of a small deviation keep their order
        values = values.double() * self.scale('metric') + self.metric_mean
        return dict(zip(self.metrics, values.numpy().T))

    def index(self, metric: str) -> int:
        """Position of a metric; raises :class:`SettingError`."""
        if metric not in self.metrics:
            raise SettingError('metric', 'one of ' + ', '.join(self.metrics),
                               metric)
        return self.metrics.index(metric)
