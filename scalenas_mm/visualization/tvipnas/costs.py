"""What each frame of a clip costs."""
from typing import (Callable, List, Mapping, NamedTuple, Optional, Sequence,
                    Tuple)

from scalenas_mm.spaces import TViPNASArch, TViPNASSpace
from scalenas_mm.spaces.cost import Size

MODEL, BACKBONE = 'model', 'backbone, without heads'


class FrameCosts(NamedTuple):
    """MACs of the frames of a clip.

    Attributes:
        every: Of each frame, the key frame first.
        what: Of what they are.
    """
    every: Tuple[float, ...]
    what: str

    @property
    def average(self) -> float:
        """Of a frame, the key frame among them."""
        return sum(self.every) / len(self.every)


def frame_name(t: int) -> str:
    """Of a frame by its distance from the key frame."""
    return f't + {t}' if t else 'key frame'


def frame_keys(known: Sequence[str]) -> Tuple[str, ...]:
    """Names of the costs of the frames after the key frame.

    Raises:
        KeyError: These are not the costs of a clip; lists them.
    """
    keys: List[str] = []
    while f'macs_{len(keys) + 1}' in known:
        keys.append(f'macs_{len(keys) + 1}')
    if not keys or not {'macs', 'propagated_macs'} <= set(known):
        raise KeyError("cost: expected 'macs', 'propagated_macs', 'macs_1' "
                       f'and so on, got {sorted(known)}')
    return tuple(keys)


def costs_of_model(cost: Mapping[str, float]) -> FrameCosts:
    """From the costs that an archive has of a candidate.

    Raises:
        KeyError: They are not those of a clip.
        ValueError: There is no key frame in it.
    """
    keys = frame_keys(list(cost))
    first = cost['macs'] - cost['propagated_macs']
    if first <= 0:
        raise ValueError('cost.macs: expected more than propagated_macs, with '
                         f'a key frame, got {cost["macs"]}')
    return FrameCosts((first, *(cost[key] for key in keys)), MODEL)


def costs_of_arch(space: TViPNASSpace, arch: TViPNASArch,
                  input_size: Size) -> FrameCosts:
    """Without a model: of networks and fusions; the key frame has the largest
    network.

    Raises:
        ArchError: ``arch`` is not in ``space``.
    """
    space.check(arch)
    spatial = space.spatial
    first = spatial.complexity(spatial.max_arch(), input_size).macs
    rest = (int(space.frame_sums(f, input_size).macs) for f in arch.frames)
    return FrameCosts((first, *rest), BACKBONE)


def unit_for(most: float) -> Tuple[float, str, Callable[[float], str]]:
    """What costs up to ``most`` are divided by, the name of that unit, and
    how they are written."""
    unit, name = (1e9, 'GMACs') if most >= 1e8 else (1e6, 'MMACs')
    digits = 3 if most < 10 * unit else 1
    return unit, name, lambda macs: f'{macs / unit:,.{digits}f}'


def clip_costs(space: TViPNASSpace, arch: TViPNASArch,
               input_size: Optional[Size],
               cost: Optional[Mapping[str, float]]) -> Optional[FrameCosts]:
    """Those of the model, if they are known, else of networks, if the size of
    the image is.

    Raises:
        KeyError: ``cost`` is not that of a clip.
        ValueError: It is of another number of frames, or has no key frame.
    """
    if cost is None:
        return input_size and costs_of_arch(space, arch, input_size)
    found = costs_of_model(cost)
    if len(found.every) != space.num_frames + 1:
        raise ValueError(f'cost: expected {space.num_frames} frames after the '
                         f'key frame, got {len(found.every) - 1}')
    return found
