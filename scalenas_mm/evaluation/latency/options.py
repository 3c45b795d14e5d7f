"""What the times of operators depend on beside the space."""
import inspect
import json
from typing import Any, Dict, Mapping, Sequence

from scalenas_mm.backbones.base import searchable_cfg
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces.latency import LatencyTable

OPTIONS = ('upsample', 'act_cfg')


def backbone_options(model_cfg: Mapping[str, Any]) -> Dict[str, Any]:
    """What the config of a model says of its searchable backbone beside the
    space, or else the class of it."""
    cfg = searchable_cfg(dict(model_cfg))
    known = inspect.signature(MODELS.get(cfg['type'])).parameters
    return {
        key: cfg.get(key, known[key].default)
        for key in OPTIONS if key in known
    }


def check_options(tables: Sequence[LatencyTable],
                  model_cfg: Mapping[str, Any]) -> None:
    """Raise :class:`~scalenas_mm.spaces.SettingError` unless tables were
    measured for this backbone."""
    if tables:
        options = json.loads(json.dumps(backbone_options(model_cfg)))
        for table in tables:
            table.check_options(options)
