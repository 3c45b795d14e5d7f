"""Settings of the lightweight transformer (HR-NAS, Sec. 3.1)."""
from dataclasses import asdict, dataclass, fields
from typing import Any, Dict, Mapping, Union

from ..errors import SettingError
from ..settings import probability, whole

POSITIONS = ('map', 'normalised', 'sinusoidal', 'learned', 'none')
ATTENTION = ('channel', 'spatial')


@dataclass(frozen=True)
class TransformerSettings:
    """What all transformers of a network have in common.

    The defaults are those of the paper, :data:`RELEASED` those of the
    released code.

    A transformer of ``n`` tokens, ``c`` input and ``o`` output channels,
    ``d`` channels of positions and ``p = size**2`` has ``layers`` (2 with a
    decoder, else 1) of sequence length ``l`` and width ``w``: ``l, w`` is
    ``n, p`` if channels attend, ``p, n`` if spatial positions do; ``h`` is
    ``ffn_ratio * w``. In evaluation mode, whatever the size of the image::

        macs   = n*(c + d)*p + layers*(4*l*w*w + 2*l*l*w + 2*l*h*w) + n*p*o
        params = n*(c + d) + 2*n + n*o + 2*o
                 + layers*(4*w*w + 2*h*w + 4*w [+ h + w, biases])
                 [+ n*p, queries of a decoder] [+ size*d, learned positions]
        decoder positions: + n*d*p macs, + n*d params

    Attributes:
        size: Height and width of the projected maps (s).
        heads: Attention heads.
        ffn_ratio: Hidden width of the feed-forward networks, as a multiple
            of their width.
        ffn_bias: Whether their linear layers have biases.
        decoder: Whether there is a decoder, or only an encoder.
        positions: What is joined to the features: ``map`` (row / height,
            column / width, Eq. 2), ``normalised`` (columns, rows, of mean 0
            and deviation 1 over the map that is projected), ``sinusoidal``
            (sine and cosine of the row, then of the column), ``learned`` (a
            table for rows and one for columns) or ``none``.
        position_channels: Channels of sinusoidal and of learned positions,
            half of them for rows. Multiples of 4.
        decoder_positions: Whether positions are joined to the memory that
            the decoder attends to, too (Table 7, Enc + Dec).
        attention: Tokens are the projected ``channel`` s (the paper) or the
            ``spatial`` positions (Table 10).
        resize_first: Resize the features to ``size`` before they are
            projected, and not after it. Both give the same features, but
            not the same statistics of the normalisation in training.
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
    position_channels: int = 64
    decoder_positions: bool = False
    attention: str = 'channel'
    resize_first: bool = False
    memory_residual: bool = False
    dropout: float = 0.1

    def __post_init__(self) -> None:
        whole('transformer.size', self.size)
        whole('transformer.heads', self.heads)
        whole('transformer.ffn_ratio', self.ffn_ratio)
        whole('transformer.position_channels', self.position_channels)
        probability('transformer.dropout', self.dropout)
        if self.positions not in POSITIONS:
            raise SettingError('transformer.positions', f'one of {POSITIONS}',
                               self.positions)
        if self.attention not in ATTENTION:
            raise SettingError('transformer.attention', f'one of {ATTENTION}',
                               self.attention)
        if self.position_channels % 4:
            raise SettingError('transformer.position_channels',
                               'a multiple of 4', self.position_channels)
        if self.decoder_positions and not (self.decoder
                                           and self.num_positions):
            raise SettingError('transformer.decoder_positions',
                               'a decoder and positions', True)
        if self.attention == 'channel' and self.width % self.heads:
            raise SettingError('transformer.heads',
                               f'a divisor of {self.width}', self.heads)

    @property
    def width(self) -> int:
        """All positions of a projected map: the width of a token that is a
        channel."""
        return self.size**2

    @property
    def num_positions(self) -> int:
        """Channels of positions that are joined to the features."""
        fixed = dict(map=2, normalised=2, none=0)
        return fixed.get(self.positions, self.position_channels)

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
