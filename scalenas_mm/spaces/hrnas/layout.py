"""Where the searching blocks of HR-NAS stand (Appendix B, Figure 5)."""
from typing import Iterator, List, NamedTuple, Sequence, Tuple

from ..cost import Size, half

Rows = Sequence[Sequence[int]]
STEM_LEVEL = 2  # the stem halves the image twice


class BlockPlace(NamedTuple):
    """A searching block in the network.

    Attributes:
        name: Of the module in the backbone.
        in_channels: Of the input map.
        out_channels: Of the output map.
        stride: 1 or 2.
        level: How many times the image is halved in the input map.
    """
    name: str
    in_channels: int
    out_channels: int
    stride: int
    level: int

    @property
    def keeps_shape(self) -> bool:
        """Whether its shortcut is the identity."""
        return self.stride == 1 and self.in_channels == self.out_channels

    def sizes(self, input_size: Size) -> Tuple[Size, Size]:
        """Heights and widths of its input and output map.

        Args:
            input_size: Height and width of the image in pixels.
        """
        for _ in range(self.level):
            input_size = half(input_size)
        return input_size, half(input_size) if self.stride == 2 else input_size


def block_places(stem: int, blocks: Rows, widths: Rows, head: str,
                 head_channels: Sequence[int]) -> Tuple[BlockPlace, ...]:
    """All searching blocks in order of construction.

    Args:
        stem: Channels that the stem puts out.
        blocks: For each stage, the blocks of each branch.
        widths: For each stage, the channels of each branch; 0 of those that
            have ended.
        head: ``dense``, ``classification`` or ``none``.
        head_channels: As :class:`HRNASSpace`.
    """
    out: List[BlockPlace] = []
    sources: Sequence[int] = (stem, )
    for stage, (depths, targets) in enumerate(zip(blocks, widths)):
        out += _fusion(f'stages.{stage}.fusion', sources, targets)
        out += [
            BlockPlace(f'stages.{stage}.branches.{b}.{k}', width, width, 1,
                       STEM_LEVEL + b)
            for b, (depth, width) in enumerate(zip(depths, targets))
            for k in range(depth)
        ]
        sources = targets
    out += _head(head, sources, head_channels)
    return tuple(out)


def neighbours(target: int, num: int) -> range:
    """Branches that a fusion module joins in ``target``."""
    return range(max(target - 1, 0), min(target + 2, num))


def _fusion(name: str, sources: Sequence[int],
            targets: Sequence[int]) -> Iterator[BlockPlace]:
    """Blocks of a fusion module; a new branch comes from the fused one above
    it, or from the last map of that, if it ends here."""
    for i, width in enumerate(targets):
        if i == len(sources):
            yield BlockPlace(f'{name}.{i}_{i - 1}', targets[i - 1]
                             or sources[i - 1], width, 2, STEM_LEVEL + i - 1)
            continue
        for j in neighbours(i, len(sources)):
            if width and sources[j]:
                yield BlockPlace(f'{name}.{i}_{j}', sources[j], width,
                                 2 if j < i else 1, STEM_LEVEL + j)


def _head(head: str, widths: Sequence[int],
          channels: Sequence[int]) -> Iterator[BlockPlace]:
    if head == 'dense':
        finest = next(b for b, width in enumerate(widths) if width)
        yield BlockPlace('head.project', sum(widths), channels[0], 1,
                         STEM_LEVEL + finest)
    if head == 'classification':
        for b, (width, out) in enumerate(zip(widths, channels)):
            yield BlockPlace(f'head.increase.{b}', width, out, 1,
                             STEM_LEVEL + b)
        for b in range(len(widths) - 1):
            yield BlockPlace(f'head.down.{b}', channels[b], channels[b + 1], 2,
                             STEM_LEVEL + b)
