"""Read what the authors of HR-NAS released: weights."""
from typing import Dict, Mapping

from torch import Tensor

# part of a released name -> part of the name here
TRANSFORMER = {
    'encoder.self_attn.': 'encoder.attention.',
    'decoder.multihead_attn.': 'decoder.attention.',
    'query_embed.weight': 'query'
}


def transformer_weights(released: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """Names of a released transformer to those of
    :class:`~scalenas_mm.ops.LightweightTransformer` (``released``).

    Args:
        released (Mapping): State dict of one ``Transformer``; values may be
            half precision.
    """
    out = {}
    for name, value in released.items():
        for theirs, ours in TRANSFORMER.items():
            name = name.replace(theirs, ours)
        out[name] = value.float() if value.is_floating_point() else value
    return out
