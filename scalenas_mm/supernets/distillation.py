"""Knowledge distillation between logits of a teacher and a student."""
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Iterator, List, Optional

import torch
import torch.nn.functional as F
from mmengine.runner import load_checkpoint
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import Tensor, nn

from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError


@contextmanager
def capture(model: nn.Module, name: str) -> Iterator[List[Tensor]]:
    """Collect the outputs of a sub-module inside the ``with`` block.

    Heads of OpenMMLab call ``self.forward`` directly, so ``name`` has to be
    a layer inside the head, such as its last convolution.

    Raises:
        AttributeError: There is no such sub-module.
        RuntimeError: It did not run.
    """
    outputs: List[Tensor] = []
    handle = model.get_submodule(name).register_forward_hook(
        lambda module, inputs, output: outputs.append(output))
    try:
        yield outputs
    finally:
        handle.remove()
    if not outputs:
        raise RuntimeError(
            f'distillation: {name} of {type(model).__name__} did not run; '
            'name a layer that the loss runs, e.g. the last convolution of '
            'the head')


@contextmanager
def frozen_statistics(model: nn.Module) -> Iterator[None]:
    """Use batch statistics, but do not add them to the running ones."""
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum


class Distillation:
    """Mean squared error to a teacher's logits (ScaleNAS, Eq. 1).

    Args:
        module (str): Name of the layer that gives the logits, in the
            architecture, e.g. ``decode_head.conv_seg``.
        alpha (float): Weight of the loss. The paper has 1, the released code
            0.5.
        teacher (dict | str): ``'self'`` for the largest network of the
            supernet, or ``dict(checkpoint=...)`` for a separate frozen
            network, with ``architecture=...`` if it is not the same.
    """

    def __init__(self, module: str, alpha: float = 1.0, teacher: Any = 'self'):
        if teacher != 'self' and (not isinstance(teacher, dict)
                                  or 'checkpoint' not in teacher):
            raise SettingError('distillation.teacher',
                               "'self' or dict(checkpoint=...)", teacher)
        self.module = module
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
    def logits(self, network: nn.Module, inputs: Tensor,
               data_samples: Any) -> List[Tensor]:
        """What ``network`` says about a batch."""
        with capture(network, self.module) as outputs:
            network(inputs, data_samples, mode='tensor')
        return outputs

    def loss(self, student: List[Tensor], teacher: List[Tensor]) -> Tensor:
        """``alpha`` times the mean squared error.

        Raises:
            RuntimeError: Teacher and student ran the layer a different number
                of times.
        """
        if len(student) != len(teacher):
            raise RuntimeError(
                f'distillation: {self.module} ran {len(student)} times in the '
                f'student and {len(teacher)} times in the teacher')
        return self.alpha * sum(
            F.mse_loss(mine, theirs) for mine, theirs in zip(student, teacher))
