"""Evaluation of candidates: calibration, metrics and measured cost."""
from .calibration import calibrated, calibration_batches, seeded
from .counter import cost_model, count, image_of, rest_of_model
from .evaluate import EvaluationFailed, evaluate, quiet

__all__ = [
    'EvaluationFailed', 'calibrated', 'calibration_batches', 'cost_model',
    'count', 'evaluate', 'image_of', 'quiet', 'rest_of_model', 'seeded'
]
