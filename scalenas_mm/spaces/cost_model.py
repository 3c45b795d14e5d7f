"""Costs of whole models: the backbone's by formula, the rest measured."""
from dataclasses import dataclass
from typing import Any, Dict, Tuple

import numpy as np

from .cost import Complexity
from .space import ComplexityBatch, Space


@dataclass(frozen=True)
class CostModel:
    """Costs of the architectures of a space inside one model.

    Attributes:
        space: The space.
        input_size: Height and width of the image in pixels.
        rest: Cost of the model without its backbone, the same for every
            architecture.
        drop_dead: Whether layers whose result reaches no output are left
            out, as the backbone does by default.

    Calling it gives ``params`` and ``macs`` of the model and, with the prefix
    ``backbone_``, of the backbone alone.
    """
    space: Space
    input_size: Tuple[int, int]
    rest: Complexity = Complexity()
    drop_dead: bool = True

    def __call__(self, arch: Any) -> Dict[str, int]:
        return self._named(
            self.space.complexity(arch, self.input_size, self.drop_dead))

    def batch(self, genes: np.ndarray) -> Dict[str, np.ndarray]:
        """Costs of many canonical gene vectors, arrays of ``int64``."""
        return self._named(
            self.space.complexity_batch(genes, self.input_size,
                                        self.drop_dead))

    def _named(self, backbone: Any) -> Dict[str, Any]:
        costs: ComplexityBatch = backbone
        return {
            'params': costs.params + self.rest.params,
            'macs': costs.macs + self.rest.macs,
            'backbone_params': costs.params,
            'backbone_macs': costs.macs
        }


COST_KEYS = ('params', 'macs', 'backbone_params', 'backbone_macs')
