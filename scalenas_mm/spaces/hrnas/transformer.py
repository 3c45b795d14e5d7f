"""Settings of the lightweight transformer (HR-NAS, Sec. 3.1)."""
from dataclasses import asdict, dataclass, fields
from typing import Any, Dict, Mapping, Union

from ..errors import SettingError
from ..settings import whole

POSITIONS = ('map', 'normalised', 'sinusoidal', 'learned', 'none')


@dataclass(frozen=True)
class TransformerSettings:
    """What all transformers of a network have in common.

    The defaults are those of the paper, :data:`RELEASED` those of the
    released code.

    Attributes:
        size: Height and width of the projected maps (s).
        heads: Attention heads.
        ffn_ratio: Hidden width of the feed-forward networks, as a multiple
            of their width (``size**2``).
        ffn_bias: Whether their linear layers have biases.
        decoder: Whether there is a decoder, or only an encoder.
        positions: What is joined to the features: ``map`` (row / height,
            column / width, Eq. 2), ``normalised`` (columns, rows, of mean 0
            and deviation 1), ``sinusoidal``, ``learned`` or ``none``.
        decoder_positions: Whether the decoder gets positions, too.
        resize_first: Resize the features to ``size`` before they are
            projected, and not after it. In evaluation mode both give the
            same features, at very different cost.
        memory_residual: The decoder adds its attention to the memory and not
            to the queries.
        dropout: Probability, in training.
    """
    size: int = 8
    heads: int = 1
    ffn_ratio: int = 4
    ffn_bias: bool = True
    decoder: bool = True
    positions: str = 'map'
    decoder_positions: bool = False
    resize_first: bool = False
    memory_residual: bool = False
    dropout: float = 0.1

    def __post_init__(self) -> None:
        whole('transformer.size', self.size)
        whole('transformer.heads', self.heads)
        whole('transformer.ffn_ratio', self.ffn_ratio)
        if self.positions not in POSITIONS:
            raise SettingError('transformer.positions', f'one of {POSITIONS}',
                               self.positions)
        if self.size**2 % self.heads:
            raise SettingError('transformer.heads',
                               f'a divisor of {self.size**2}', self.heads)

    @property
    def width(self) -> int:
        """Width of a token: all positions of a projected map."""
        return self.size**2

    def to_dict(self) -> Dict[str, Any]:
        return asdict(self)

    @classmethod
    def resolve(cls, source: Any) -> 'TransformerSettings':
        """From settings, ``paper``, ``released``, or a dict.

        A dict may have ``variant`` (``paper`` or ``released``) beside the
        settings that differ from it.

        Raises:
            SettingError: None of these, or an unknown setting.
        """
        if isinstance(source, cls):
            return source
        if isinstance(source, str):
            source = dict(variant=source)
        if not isinstance(source, Mapping):
            raise SettingError('transformer', 'paper, released or a dict',
                               source)
        values = dict(source)
        variant = values.pop('variant', 'paper')
        if variant not in PRESETS:
            raise SettingError('transformer.variant',
                               f'one of {tuple(PRESETS)}', variant)
        known = {field.name for field in fields(cls)}
        for name in values.keys() - known:
            raise SettingError('transformer', f'settings of {sorted(known)}',
                               name)
        return cls(**{**PRESETS[variant].to_dict(), **values})


PAPER = TransformerSettings()
RELEASED = TransformerSettings(
    ffn_ratio=1,
    ffn_bias=False,
    positions='normalised',
    resize_first=True,
    memory_residual=True)
PRESETS: Dict[str, TransformerSettings] = dict(paper=PAPER, released=RELEASED)
Source = Union[str, Mapping[str, Any], TransformerSettings]
