"""An average of weights that begins fast."""
from typing import Any

from mmengine.model import BaseAveragedModel
from torch import Tensor, nn

from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError


@MODELS.register_module()
class RampedAverage(BaseAveragedModel):
    """Exponential moving average of the released code of HR-NAS.

    After update ``n = 1, 2, ...`` the average has moved to the weights by one
    minus ``min(decay, (1 + n) / (10 + n))``, from the first update on. For
    ``ema_type`` of MMEngine's ``EMAHook``.

    Args:
        model (nn.Module): As all averages of MMEngine.
        decay (float): In the end. The paper has .9999, the released code
            ``.9999 ** (batch / 4096)`` with the images of all processes.
        **kwargs: ``interval``, ``device`` and ``update_buffers`` of MMEngine;
            the released code averages running means and variances, too.

    Raises:
        SettingError: ``decay`` is not between 0 and 1.
    """

    def __init__(self,
                 model: nn.Module,
                 decay: float = 0.9999,
                 **kwargs: Any) -> None:
        super().__init__(model, **kwargs)
        if not 0 <= decay <= 1:
            raise SettingError('decay', 'a number from 0 to 1', decay)
        self.decay = decay
        self.steps += 1  # at 0 the weights would be copied

    def avg_func(self, averaged_param: Tensor, source_param: Tensor,
                 steps: Any) -> None:
        """Move the average; ``steps`` is the number of this update."""
        ramp = (1 + int(steps)) / (10 + int(steps))
        averaged_param.lerp_(source_param, 1 - min(self.decay, ramp))
