"""How fast a stream ran, and what ran."""
from typing import List, Sequence, Tuple

from .clock import Clock

ORDER = ('read', 'find persons', 'crop', 'network of key frame',
         'network of frame', 'decode', 'draw', 'write film', 'write poses')


def time_table(clock: Clock, frames: int, seconds: float) -> List[str]:
    """Lines on the time of each stage; stages that never ran are left out.

    Args:
        clock (Clock): Of the stream.
        frames (int): How many it had.
        seconds (float): How long all of it took.
    """
    lines = [
        f'{"stage":<22}{"calls":>8}{"ms a call":>11}{"ms a frame":>12}'
        f'{"share":>8}'
    ]
    rest = seconds
    for stage in sorted(clock.seconds, key=_place):
        spent = clock.seconds[stage]
        calls = clock.calls[stage]
        rest -= spent
        lines.append(f'{stage:<22}{calls:>8}{1e3 * spent / calls:>11.2f}'
                     f'{1e3 * spent / frames:>12.2f}{spent / seconds:>8.1%}')
    lines.append(f'{"other":<22}{"":>8}{"":>11}{1e3 * rest / frames:>12.2f}'
                 f'{rest / seconds:>8.1%}')
    return lines


def _place(stage: str) -> Tuple[int, int, str]:
    """In the order in which stages run."""
    known = [i for i, name in enumerate(ORDER) if stage.startswith(name)]
    return (known or [len(ORDER)])[0], len(stage), stage


def network_table(counts: Sequence[int], macs: Sequence[int],
                  poses: int) -> List[str]:
    """Lines on how often each network ran, and MACs of a person in a frame.

    Args:
        counts (Sequence[int]): Calls, the key frame's network first.
        macs (Sequence[int]): Of each, for a person.
        poses (int): How many came out; fewer than calls, where the key
            frame's network ran on a frame as well.
    """
    calls = sum(counts)
    total = sum(num * one for num, one in zip(counts, macs))
    lines = [
        f'{"network":<22}{"calls":>8}{"MMACs":>11}{"calls":>12}'
        f'{"MACs":>8}'
    ]
    for i, (num, one) in enumerate(zip(counts, macs)):
        name = f'of frame {i}' if i else 'of key frame'
        lines.append(f'{name:<22}{num:>8}{one / 1e6:>11.1f}'
                     f'{num / max(calls, 1):>12.1%}'
                     f'{num * one / max(total, 1):>8.1%}')
    lines.append(f'{total / max(poses, 1) / 1e6:.1f} MMACs a person and frame')
    return lines
