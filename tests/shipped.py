"""The shipped configs, each read once."""
import sys
from functools import lru_cache
from pathlib import Path

from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs'
ALL = sorted(CONFIGS.rglob('*.py'))
if str(ROOT) not in sys.path:  # configs import what is in projects/
    sys.path.append(str(ROOT))
FULL = [path for path in ALL if '_base_' not in path.parts]


def named(name: str) -> Path:
    """The config of a name, wherever it is; as ``mim`` finds it."""
    path, = (path for path in FULL if path.stem == name)
    return path


@lru_cache(None)
def shipped(path: Path) -> Config:
    """A config to look at, not to change."""
    return Config.fromfile(path)
