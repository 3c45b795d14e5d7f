"""The neural predictor of NCP: architecture code -> several metrics."""
from typing import Any, Dict, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalenas_mm.registry import PREDICTORS
from scalenas_mm.spaces import ArchError


@PREDICTORS.register_module()
class MultiMetricMLP(nn.Module):
    """Three fully connected layers (NCP, Sec. E.1).

    The first layer is shared, the second and third belong to one metric
    each; swish and dropout follow the first two. Inside, codes and metrics
    are normalised to zero mean and unit deviation; the statistics are buffers
    and so part of a checkpoint.

    Args:
        num_genes (int): Length of a code.
        metrics (Sequence[str]): Names of the predicted metrics.
        width (int): Units of the shared layer.
        metric_width (int): Units of the second layer, for each metric.
        dropout (float): Dropout ratio.

    Raises:
        ArchError: There is no metric, or one twice.
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
                 dropout: float = 0.5) -> None:
        super().__init__()
        if not metrics or len(set(metrics)) != len(metrics):
            raise ArchError('metrics', 'different names, at least one',
                            metrics)
        self.settings: Dict[str, Any] = dict(
            num_genes=num_genes,
            metrics=list(metrics),
            width=width,
            metric_width=metric_width,
            dropout=dropout)
        self.metrics = tuple(metrics)
        self.num_genes = num_genes
        num = len(metrics)
        self.shared = nn.Linear(num_genes, width)
        self.separate = nn.Linear(width, num * metric_width)
        self.head = nn.Conv1d(num * metric_width, num, 1, groups=num)
        self.dropout = nn.Dropout(dropout)
        for name, length in (('code', num_genes), ('metric', num)):
            self.register_buffer(f'{name}_mean', torch.zeros(length))
            self.register_buffer(f'{name}_std', torch.ones(length))

    def forward(self, codes: Tensor) -> Tensor:
        """Normalised codes ``(N, genes)`` to normalised metrics ``(N, M)``."""
        x = self.dropout(F.silu(self.shared(codes)))
        x = self.dropout(F.silu(self.separate(x)))
        return self.head(x[..., None])[..., 0]

    def set_statistics(self, codes: np.ndarray, values: np.ndarray) -> None:
        """Take mean and deviation from codes (N, G) and metrics (N, M).

        The deviation of what never varies is 0; it is not scaled.
        """
        for name, data in (('code', codes), ('metric', values)):
            getattr(self, f'{name}_mean').copy_(torch.tensor(data.mean(0)))
            getattr(self, f'{name}_std').copy_(torch.tensor(data.std(0)))

    def scale(self, name: str) -> Tensor:
        """What codes or metrics (``name``) are divided by."""
        std = getattr(self, f'{name}_std')
        return torch.where(std > 0, std, 1.0)

    def normalise(self, name: str, data: Any) -> Tensor:
        """Codes or metrics (``name``) in units of the deviation."""
        if not isinstance(data, Tensor):
            data = torch.as_tensor(np.asarray(data, np.float32))
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
        values = self(self.normalise('code', codes))
        self.train(training)
        values = values * self.scale('metric') + self.metric_mean
        return dict(zip(self.metrics, values.double().numpy().T))

    def index(self, metric: str) -> int:
        """Position of a metric; raises :class:`ArchError`."""
        if metric not in self.metrics:
            raise ArchError('metric', 'one of ' + ', '.join(self.metrics),
                            metric)
        return self.metrics.index(metric)
