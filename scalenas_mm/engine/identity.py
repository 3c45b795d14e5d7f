"""What the result of a candidate depends on, in a form to compare."""
import hashlib
from typing import Any, Dict

import torch
from mmengine.config import ConfigDict
from torch import nn


def weights_digest(model: nn.Module) -> str:
    """SHA-256 of all parameters and buffers, first 16 digits."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        flat = value.detach().cpu().contiguous().flatten()
        digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def evaluation_identity(loop: Any) -> Dict[str, Any]:
    """Data, metric and calibration of a :class:`SearchLoop`."""
    cfg = loop.runner.cfg
    return dict(
        input_size=list(loop.input_size),
        num_calibration_batches=loop.num_calibration_batches,
        seed=loop.seed,
        fp16=loop.fp16,
        model=_digest(_plain_model(cfg.model)),
        train_dataset=_digest(cfg.train_dataloader.get('dataset')),
        batch_size=cfg.train_dataloader.get('batch_size'),
        val_dataset=_digest(cfg.val_dataloader.get('dataset')),
        val_evaluator=_digest(cfg.val_evaluator))


def _plain_model(cfg: ConfigDict) -> Dict[str, Any]:
    """The network that is evaluated, whatever it started from."""
    model = cfg.to_dict()
    model = model.get('architecture', model)
    backbone = dict(model['backbone'], init_cfg=None)
    return dict(model, init_cfg=None, backbone=backbone)


def _digest(cfg: Any) -> str:
    plain = cfg.to_dict() if isinstance(cfg, ConfigDict) else cfg
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:16]
