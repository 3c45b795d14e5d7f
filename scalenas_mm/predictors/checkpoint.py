"""Predictors as files: weights, normalisation, split and provenance."""
import json
import pickle
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple, Union

import torch

from scalenas_mm._files import whole_file
from .mlp import MultiMetricMLP

FORMAT = 'scalenas_mm predictor 1'


class PredictorError(RuntimeError):
    """A file is no predictor."""


def save_predictor(path: Union[str, Path], predictor: MultiMetricMLP,
                   provenance: Mapping[str, Any]) -> None:
    """Write a predictor, whole or not at all.

    Args:
        path (str | Path): The file.
        predictor (MultiMetricMLP): With its normalisation.
        provenance (Mapping[str, Any]): What it was trained on, JSON values:
            data, split, settings, scores.
    """
    with whole_file(path) as part:
        torch.save(
            dict(
                format=FORMAT,
                settings=json.dumps(predictor.settings),
                provenance=json.dumps(dict(provenance)),
                state_dict=predictor.state_dict()), part)


def load_predictor(
        path: Union[str, Path]) -> Tuple[MultiMetricMLP, Dict[str, Any]]:
    """A predictor and its provenance.

    Only tensors, numbers and text are read from the file.

    Raises:
        PredictorError: There is no such file, or it is no predictor.
    """
    if not Path(path).is_file():
        raise PredictorError(f'there is no predictor {path}')
    try:
        data = torch.load(path, map_location='cpu', weights_only=True)
        if not isinstance(data, dict) or data.get('format') != FORMAT:
            raise ValueError(f'expected a file of the format {FORMAT!r}')
        predictor = MultiMetricMLP(**json.loads(data['settings']))
        predictor.load_state_dict(data['state_dict'])
        provenance = json.loads(data['provenance'])
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        # torch's own text advises to switch the safe reading off
        raise PredictorError(f'{path} is no predictor: expected a file of '
                             f'the format {FORMAT!r}, whole and made of '
                             'tensors, numbers and text') from None
    except (ValueError, KeyError, TypeError) as error:
        raise PredictorError(f'{path} is no predictor: {error}') from None
    return predictor.eval().requires_grad_(False), provenance
