"""One set of weights for many architectures."""
from functools import cached_property
from typing import Any, Dict, Optional

import torch
from mmengine.model import BaseModel
from torch import Tensor

from scalenas_mm.backbones.base import find_searchable, with_preprocessor
from scalenas_mm.ops import frozen_statistics
from scalenas_mm.registry import MODELS, SAMPLERS
from .distillation import Distillation
from .outputs import Outputs, capture


@MODELS.register_module()
class OneShotSupernet(BaseModel):
    """Trains any OpenMMLab model with a searchable backbone as a supernet.

    Every training step draws one or more architectures and sums task loss
    and distillation loss of each (ScaleNAS, Sec. 4.1). Nothing is copied: a
    step runs the drawn sub-network in place.

    Args:
        architecture (dict): Config of the model.
        sampler (dict): Config of the sampler.
        distillation (dict, optional): Arguments of :class:`Distillation`.
        data_preprocessor (Any): Given to an architecture without one of its
            own. The runner passes what stands at the top level of a config.
        init_cfg (dict | list[dict], optional): Initialisation.

    ``mode='tensor'`` and ``mode='predict'`` run the active architecture.
    """

    def __init__(self,
                 architecture: dict,
                 sampler: dict = dict(type='GroupedSampler'),
                 distillation: Optional[dict] = None,
                 data_preprocessor: Any = None,
                 init_cfg: Any = None):
        architecture = with_preprocessor(architecture, data_preprocessor)
        network = MODELS.build(architecture)
        super().__init__(
            data_preprocessor=network.data_preprocessor, init_cfg=init_cfg)
        self.architecture = network
        self.architecture_cfg = architecture
        self.sampler = SAMPLERS.build(sampler)
        self.distillation = Distillation(
            **distillation) if distillation else None
        if self.distillation:
            for name in self.distillation.modules:
                network.get_submodule(name)
        # in the checkpoint, so that a resumed run draws what it would have
        self.register_buffer('iteration', torch.zeros((), dtype=torch.long))

    @cached_property  # which does not register it as a sub-module again
    def backbone(self):
        """The searchable backbone."""
        return find_searchable(self.architecture)

    def forward(self,
                inputs: Any,
                data_samples: Any = None,
                mode: str = 'tensor') -> Any:
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        return self.architecture(inputs, data_samples, mode=mode)

    def loss(self, inputs: Any, data_samples: Any) -> Dict[str, Tensor]:
        """Losses of the architectures of this iteration.

        With several architectures, each loss has the name of its
        architecture in front.
        """
        backbone = self.backbone
        draws = self.sampler(backbone.space, int(self.iteration))
        self.iteration += 1
        losses: Dict[str, Any] = {}
        targets = None
        for draw in draws:
            prefix = f'{draw.name}.' if len(draws) > 1 else ''
            with backbone.active(draw.arch):
                part, outputs = self._run(_own(inputs), data_samples)
            if outputs is not None and targets is None:
                largest = backbone.space.is_largest(draw.arch)
                targets = self._targets(
                    _own(inputs), data_samples, outputs, largest)
            # the largest network learns nothing from itself
            if outputs is not None and targets is not outputs:
                part['distill.loss_mse'] = self.distillation.loss(
                    outputs, targets)
            losses.update({prefix + key: v for key, v in part.items()})
        if len(draws) == 1:
            losses['group'] = torch.tensor(float(draws[0].group))
        return losses

    def _run(self, inputs: Any, data_samples: Any):
        """Task losses and, if they are needed, outputs to compare."""
        if self.distillation is None:
            return self.architecture(inputs, data_samples, mode='loss'), None
        with capture(self.architecture, self.distillation.modules) as outputs:
            losses = self.architecture(inputs, data_samples, mode='loss')
        return losses, outputs

    def _targets(self, inputs: Any, data_samples: Any, student: Outputs,
                 largest: bool) -> Outputs:
        """Outputs of the teacher: the student's if it is the teacher."""
        distillation = self.distillation
        if distillation.teacher != 'self':
            if distillation.network is None:
                distillation.build(self.architecture_cfg)
            device = next(self.parameters()).device
            return distillation.targets(
                distillation.network.to(device), inputs, data_samples, student)
        if largest:
            return student
        backbone = self.backbone
        with backbone.active('max'), frozen_statistics(self.architecture):
            return distillation.targets(self.architecture, inputs,
                                        data_samples, student)


def _own(inputs: Any) -> Any:
    """Inputs of one run: a copy of tensors inside a dict.

    Networks for points write into their voxels. A batch of images is one
    tensor, which nothing changes, and is not copied.
    """
    if isinstance(inputs, dict):
        return {key: _copied(value) for key, value in inputs.items()}
    return inputs


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_copied, value))
    return value
