"""Registries: a child of each of MMEngine's, and five of our own.

The children import what they hold when first asked for it, so a config may
say ``type='scalenas_mm.ScaleNet'`` in any default scope without an import.
``SPACES``, ``SAMPLERS``, ``SEARCHERS``, ``PREDICTORS`` and ``EVALUATIONS``
have no counterpart in MMEngine. The classes of the first three are registered
by :mod:`scalenas_mm._register`, because their packages use numpy only and a
decorator from here would make them import torch.
"""
from contextlib import contextmanager
from typing import Iterator, Optional

from mmengine import registry as mmengine
from mmengine.registry import Registry

from . import compat

SCOPE = 'scalenas_mm'


class OwnRegistry(Registry):
    """A root registry, the same in every default scope."""

    @contextmanager
    def switch_scope_and_registry(self,
                                  scope: Optional[str]) -> Iterator[Registry]:
        yield self


def _child(parent: Registry, *rooms: str) -> Registry:
    locations = [f'{SCOPE}.{room}' for room in rooms]
    return Registry(
        parent.name, parent=parent, scope=SCOPE, locations=locations)


def _own(name: str, *rooms: str) -> OwnRegistry:
    locations = [f'{SCOPE}.{room}' for room in rooms]
    return OwnRegistry(name, scope=SCOPE, locations=locations)


compat.apply()

# What a search is made of
SPACES = _own('space', '_register')
SAMPLERS = _own('sampler', '_register')
SEARCHERS = _own('searcher', '_register', 'predictors')
PREDICTORS = _own('predictor', 'predictors')
EVALUATIONS = _own('evaluation', 'evaluation')

# Networks
MODELS = _child(mmengine.MODELS, 'backbones', 'supernets')
MODEL_WRAPPERS = _child(mmengine.MODEL_WRAPPERS)
WEIGHT_INITIALIZERS = _child(mmengine.WEIGHT_INITIALIZERS, 'backbones')

# Running them
RUNNERS = _child(mmengine.RUNNERS)
RUNNER_CONSTRUCTORS = _child(mmengine.RUNNER_CONSTRUCTORS)
LOOPS = _child(mmengine.LOOPS, 'engine')
HOOKS = _child(mmengine.HOOKS, 'engine', 'visualization.hook')
STRATEGIES = _child(mmengine.STRATEGIES)
OPTIMIZERS = _child(mmengine.OPTIMIZERS, 'engine')
OPTIM_WRAPPERS = _child(mmengine.OPTIM_WRAPPERS)
OPTIM_WRAPPER_CONSTRUCTORS = _child(mmengine.OPTIM_WRAPPER_CONSTRUCTORS,
                                    'engine')
PARAM_SCHEDULERS = _child(mmengine.PARAM_SCHEDULERS)
LOG_PROCESSORS = _child(mmengine.LOG_PROCESSORS)

# Data, and judging results
DATASETS = _child(mmengine.DATASETS, 'datasets')
DATA_SAMPLERS = _child(mmengine.DATA_SAMPLERS)
TRANSFORMS = _child(mmengine.TRANSFORMS, 'datasets')
METRICS = _child(mmengine.METRICS, 'metrics')
EVALUATOR = _child(mmengine.EVALUATOR)
TASK_UTILS = _child(mmengine.TASK_UTILS)
VISUALIZERS = _child(mmengine.VISUALIZERS)
VISBACKENDS = _child(mmengine.VISBACKENDS)
INFERENCERS = _child(mmengine.INFERENCERS)
FUNCTIONS = _child(mmengine.FUNCTIONS)
