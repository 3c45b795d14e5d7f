"""Knowledge distillation between outputs of a teacher and a student."""
from copy import deepcopy
from typing import Any, Optional, Sequence, Union

import torch
import torch.nn.functional as F
from mmengine.runner import load_checkpoint
from torch import Tensor, nn

from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError
from .outputs import Outputs, capture


class Distillation:
    """Mean squared error to what a teacher says (ScaleNAS, Eq. 1).

    With several tensors it is the mean of their errors: ``alpha`` has the same
    meaning for any number of layers, and every level of a pyramid the same
    weight, however few its pixels are.

    Args:
        module (str | Sequence[str]): Names of the layers whose outputs are
            compared, in the architecture: the one that gives the logits, e.g.
            ``decode_head.conv_seg``, or ``neck``. An output may be a tensor
            or nested lists, tuples and dicts of tensors.
        alpha (float): Weight of the loss. The paper has 1, the released code
            0.5.
        teacher (dict | str): ``'self'`` for the largest network of the
            supernet, or ``dict(checkpoint=...)`` for a separate frozen
            network, with ``architecture=...`` if it is not the same.

    Raises:
        SettingError: An argument is not valid.
    """

    def __init__(self,
                 module: Union[str, Sequence[str]],
                 alpha: float = 1.0,
                 teacher: Any = 'self'):
        names = [module] if isinstance(module, str) else module
        if not isinstance(names, (list, tuple)) or not names or not all(
                isinstance(name, str) for name in names):
            raise SettingError('distillation.module',
                               'a name of a layer or a list of names', module)
        if teacher != 'self' and (not isinstance(teacher, dict)
                                  or 'checkpoint' not in teacher):
            raise SettingError('distillation.teacher',
                               "'self' or dict(checkpoint=...)", teacher)
        self.modules = tuple(names)
        self.alpha = alpha
        self.teacher = teacher
        # not a sub-module: neither trained nor saved with the supernet
        self.network: Optional[nn.Module] = None

    def build(self, architecture: dict) -> None:
        """Load the separate teacher."""
        cfg = deepcopy(self.teacher.get('architecture', architecture))
        cfg.pop('init_cfg', None)
        self.network = MODELS.build(cfg)
        load_checkpoint(
            self.network,
            self.teacher['checkpoint'],
            map_location='cpu',
            strict=True,
            revise_keys=[(r'^module\.', ''), (r'^architecture\.', '')])
        self.network.eval().requires_grad_(False)

    @torch.no_grad()
    def targets(self, network: nn.Module, inputs: Any, data_samples: Any,
                student: Outputs) -> Outputs:
        """What the teacher says about a batch.

        It stops as soon as the layers have run as often as in the student:
        nothing behind them is computed.
        """
        with capture(network, self.modules, student.runs) as outputs:
            network(inputs, data_samples, mode='tensor')
        return outputs

    def loss(self, student: Outputs, teacher: Outputs) -> Tensor:
        """``alpha`` times the mean squared error.

        Raises:
            RuntimeError: They differ in how often a layer ran, in the tensors
                that it gave or in a shape; names the first one.
        """
        _check_same(student, teacher)
        errors = [
            F.mse_loss(mine, teacher.tensors[key].detach())
            for key, mine in student.tensors.items()
        ]
        return self.alpha * (sum(errors) / len(errors))


def _check_same(student: Outputs, teacher: Outputs) -> None:
    for name, runs in student.runs.items():
        if runs != teacher.runs[name]:
            raise RuntimeError(
                f'distillation: {name} ran {runs} times in the student and '
                f'{teacher.runs[name]} times in the teacher')
    for key in {**student.tensors, **teacher.tensors}:
        mine, theirs = (
            tuple(part.tensors[key].shape)
            if key in part.tensors else 'nothing'
            for part in (student, teacher))
        if mine != theirs:
            raise RuntimeError(
                f'distillation: {key} is {mine} in the student and {theirs} '
                'in the teacher')
