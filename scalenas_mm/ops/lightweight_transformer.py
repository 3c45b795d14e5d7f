"""The lightweight transformer (HR-NAS, Sec. 3.1 and Fig. 2)."""
from typing import Any, Dict, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from torch import Tensor, nn

from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.hrnas import TransformerSettings
from scalenas_mm.spaces.settings import whole
from .attention import AttentionLayer
from .positions import Positions
from .projected_norm import is_plain, normalised, takes_statistics

Size = Tuple[int, int]
# parameters with a row for each token; reverse_proj has a column
BY_TOKEN = ('input_proj.', 'input_norm.', 'query', 'memory_proj.')


class LightweightTransformer(nn.Module):
    """Global context of a map, through a few small tokens: ``T(x)``.

    The projector joins positions to the map and turns it into ``tokens`` maps
    of ``size x size`` by a 1x1 convolution with batch norm and bilinear
    resizing. Each is a token. An encoder and a decoder follow, then the
    reverse projector: a 1x1 convolution with batch norm, and resizing to the
    output. The identity of Fig. 2 is not added.

    Costs: see :class:`~scalenas_mm.spaces.hrnas.TransformerSettings`.
    Where the projector's batch norm does not take statistics (evaluation
    mode, frozen), features are resized before they are projected, whatever
    the settings say: that is the same map, at a cost that does not depend on
    the image. In training, too, the projected map is not made: see
    :mod:`~scalenas_mm.ops.projected_norm`.

    Args:
        in_channels (int): Of the input map.
        tokens (int): Number of tokens (n).
        out_channels (int, optional): Of the output map. Defaults to those of
            the input.
        stride (int): The output has the input's size divided by this, rounded
            up.
        settings (str | dict | TransformerSettings): ``paper``, ``released``
            or a dict.
        norm_cfg (dict): Batch norm of both projectors. Their default ``eps``
            and ``momentum`` are those of the released code, whatever the
            network's are.

    Attributes:
        input_norm: Batch norm of the projector; its weights are the
            importance factors of tokens.
        query: Embeddings ``(tokens, size**2)`` that the decoder asks with
            (the other way round if spatial positions attend), or None
            without decoder.
        memory_proj: 1x1 convolution of the decoder's positions, or None.

    Raises:
        SettingError: A setting is not valid.
    """

    def __init__(self,
                 in_channels: int,
                 tokens: int,
                 out_channels: Optional[int] = None,
                 stride: int = 1,
                 settings: Any = 'paper',
                 norm_cfg: Dict[str, Any] = dict(type='BN')):
        super().__init__()
        self.settings = TransformerSettings.resolve(settings)
        self.stride = stride
        _check(self.settings, tokens)
        out_channels = out_channels or in_channels
        self.positions = Positions(self.settings)
        self.input_proj = _project(in_channels + self.positions.channels,
                                   tokens)
        self.input_norm = build_norm_layer(norm_cfg, tokens)[1]
        self.encoder = self._layer(tokens)
        self.query: Optional[nn.Parameter] = None
        self.memory_proj: Optional[nn.Module] = None
        self.decoder: Optional[nn.Module] = None
        if self.settings.decoder:
            shape = tokens, self.settings.width
            if self.settings.attention == 'spatial':
                shape = shape[::-1]
            self.query = nn.Parameter(torch.empty(shape))
            nn.init.xavier_uniform_(self.query)
            if self.settings.decoder_positions:
                self.memory_proj = _project(self.positions.channels, tokens)
            self.decoder = self._layer(tokens)
        self.reverse_proj = _project(tokens, out_channels)
        self.reverse_norm = build_norm_layer(norm_cfg, out_channels)[1]

    def _layer(self, tokens: int) -> AttentionLayer:
        s = self.settings
        width = tokens if s.attention == 'spatial' else s.width
        return AttentionLayer(width, s.heads, s.ffn_ratio * width, s.ffn_bias,
                              s.dropout)

    def forward(self, x: Tensor, size: Optional[Size] = None) -> Tensor:
        """Map ``(N, C, H, W)`` to ``(N, C', H', W')``.

        Args:
            x (Tensor): Input map.
            size (tuple, optional): H' and W'. Defaults to H and W over the
                stride, rounded up.
        """
        grid = (self.settings.size, ) * 2
        positions = self._positions(x, grid)
        tokens = self._transform(self._project(x, positions, grid), positions)
        maps = tokens.unflatten(2, grid)
        if x.is_contiguous(memory_format=torch.channels_last):
            maps = maps.contiguous(memory_format=torch.channels_last)
        if size is None:
            size = tuple(-(-side // self.stride) for side in x.shape[2:])
        return _resize(self.reverse_norm(self.reverse_proj(maps)), size)

    def _positions(self, x: Tensor, grid: Size) -> Tensor:
        """Positions on the grid ``(d, size, size)``."""
        s = self.settings
        if s.resize_first and s.positions == 'normalised':
            return self.positions(x, grid)
        return self.positions(x, x.shape[2:], grid)

    def _project(self, x: Tensor, positions: Tensor, grid: Size) -> Tensor:
        """Map to tokens ``(N, tokens, size**2)`` (Eq. 1)."""
        conv, norm = self.input_proj, self.input_norm
        if self.settings.resize_first or not takes_statistics(norm):
            return norm(conv(_joined(_resize(x, grid), positions))).flatten(2)
        x = _joined(x, self.positions(x, x.shape[2:]))
        if is_plain(norm):
            return normalised(x, conv, norm, _resize(x, grid)).flatten(2)
        return _resize(norm(conv(x)), grid).flatten(2)

    def _transform(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Encoder and decoder: ``(N, tokens, size**2)`` to the same."""
        turn = self.settings.attention == 'spatial'
        if turn:
            tokens = tokens.transpose(1, 2)
        out = memory = self.encoder(tokens)
        if self.decoder is not None:
            residual = memory if self.settings.memory_residual else self.query
            if self.memory_proj is not None:
                where = self.memory_proj(positions[None]).flatten(2)
                memory = memory + (where.transpose(1, 2) if turn else where)
            out = self.decoder(memory, self.query, residual)
        return out.transpose(1, 2) if turn else out

    def token_parts(self, kept: Sequence[int]) -> Dict[str, Any]:
        """Where every entry of the state dict of the same transformer with
        fewer tokens lies in this one's.

        Args:
            kept (Sequence[int]): Tokens, ascending.

        Raises:
            SettingError: Not at least one of the tokens, or tokens are
                spatial positions, whose number is fixed.
        """
        kept, tokens = list(kept), len(self.input_proj.weight)
        if self.settings.attention == 'spatial' and len(kept) < tokens:
            raise SettingError('attention', 'channel, to remove tokens',
                               'spatial')
        if not kept or not set(kept) <= set(range(tokens)):
            raise SettingError('kept', f'some of {tokens} tokens', kept)
        out: Dict[str, Any] = {}
        for name, value in self.state_dict().items():
            if name.startswith(BY_TOKEN) and value.ndim:
                out[name] = (kept, )
            elif name == 'reverse_proj.weight':
                out[name] = (slice(None), kept)
            else:
                out[name] = ...
        return out


def _project(in_channels: int, out_channels: int) -> nn.Conv2d:
    conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
    nn.init.xavier_uniform_(conv.weight)
    return conv


def _joined(x: Tensor, positions: Tensor) -> Tensor:
    return torch.cat([x, positions.expand(x.shape[0], -1, -1, -1)], 1)


def _resize(x: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(x, size=size, mode='bilinear', align_corners=False)


def _check(settings: TransformerSettings, tokens: int) -> None:
    whole('tokens', tokens)
    if settings.attention == 'spatial' and tokens % settings.heads:
        raise SettingError('transformer.heads',
                           f'a divisor of {tokens} tokens', settings.heads)
