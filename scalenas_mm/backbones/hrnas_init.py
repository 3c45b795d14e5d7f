"""Initial weights of HR-NAS, as its released code draws them."""
from math import sqrt

from mmengine.model import update_init_info
from torch import nn

from scalenas_mm.registry import WEIGHT_INITIALIZERS
from scalenas_mm.spaces import SettingError

RULES = ('mnas', 'pose')


@WEIGHT_INITIALIZERS.register_module()
class HRNASInit:
    """Draw the weights of all convolutions and linear layers.

    ``mnas``, used for classification and segmentation: convolutions normal
    with variance 2 / fan-out, where the fan-out of a convolution with a group
    for each input channel is the size of its kernel; linear layers uniform
    within 1 / sqrt(outputs). ``pose``: convolutions normal with deviation
    .001, linear layers as they were built. Biases become 0. Norms, queries and
    what attention projects its input by stay as they were built.

    Args:
        rule (str): One of :data:`RULES`.

    Raises:
        SettingError: Another rule.
    """

    def __init__(self, rule: str = 'mnas'):
        if rule not in RULES:
            raise SettingError('init_cfg.rule', f'one of {RULES}', rule)
        self.rule = rule

    def __call__(self, module: nn.Module) -> None:
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, 0, self._deviation(layer))
            elif isinstance(layer, nn.Linear) and self.rule == 'mnas':
                bound = 1 / sqrt(layer.out_features)
                nn.init.uniform_(layer.weight, -bound, bound)
            else:
                continue
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        if hasattr(module, '_params_init_info'):
            update_init_info(module, f'HRNASInit: rule={self.rule}')

    def _deviation(self, conv: nn.Conv2d) -> float:
        if self.rule == 'pose':
            return 1e-3
        outputs = 1 if conv.groups == conv.in_channels else conv.out_channels
        return sqrt(2 / (outputs * conv.kernel_size[0] * conv.kernel_size[1]))
