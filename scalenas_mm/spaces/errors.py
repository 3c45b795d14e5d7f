"""Errors that say which field is wrong, what was expected and what came."""
from typing import Any, Optional


class InputError(ValueError):
    """What a user gave is not valid.

    Args:
        field: Which part. Alone it is the whole message, so that errors can
            be pickled and sent to other processes.
        expected: What would have been right.
        got: What came.
    """

    def __init__(self,
                 field: str,
                 expected: Optional[str] = None,
                 got: Any = None) -> None:
        if expected is None:
            super().__init__(field)
            return
        text = ' '.join(repr(got).split())  # arrays have several lines
        if len(text) > 120:
            text = text[:117] + '...'
        super().__init__(f'{field}: expected {expected}, got {text}')


class ArchError(InputError):
    """An architecture, or a gene vector of one, is not valid."""


class SettingError(InputError):
    """A setting of a space, model, search or training is not valid."""
