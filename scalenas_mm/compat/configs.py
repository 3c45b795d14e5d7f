"""The text of a config."""
import functools
from types import ModuleType
from typing import Any


def format_once(module: ModuleType) -> None:
    """Keep the formatted texts of the last configs.

    Args:
        module (ModuleType): ``mmengine.config.config``.
    """
    plain = getattr(module, 'FormatCode')
    known: dict = {}

    @functools.wraps(plain)
    def formatted(text: str, *args: Any, **kwargs: Any) -> Any:
        key = text, repr((args, kwargs))
        if key not in known:
            if len(known) > 8:
                known.clear()
            known[key] = plain(text, *args, **kwargs)
        return known[key]

    setattr(module, 'FormatCode', formatted)
