"""A stream from a reader to its writers."""
import signal
from contextlib import contextmanager
from itertools import islice
from time import perf_counter
from typing import Any, Callable, Iterator, List, Optional

from .reader import is_image
from .stream import Pose, PoseStream


class Stop:
    """Whether a signal asked to end; a second one ends at once."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def stopping() -> Iterator[Stop]:
    """Let Ctrl-C and SIGTERM end the stream behind the frame at hand."""
    stop, numbers = Stop(), (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)


def run_stream(frames: Iterator[Any],
               stream: PoseStream,
               write: Callable[[Any, List[Pose], bool], None],
               stop: Stop,
               most: Optional[int] = None,
               every: int = 0,
               say: Callable[[str], None] = print) -> int:
    """Run a stream to its end.

    Args:
        frames (Iterator): Images; what is none counts as lost.
        stream (PoseStream): What finds poses.
        write (Callable): Takes image or None, poses, and whether it is a key
            frame of the video.
        stop (Stop): Ends it early.
        most (int, optional): Frames at most.
        every (int): Say how far it is every so many frames; 0 for never.
        say (Callable): Prints a line.

    Returns:
        int: Frames that could not be read.
    """
    clock, lost, start = stream.clock, 0, perf_counter()
    frames = islice(frames, most)
    while not stop.asked:
        with clock('read'):
            image = next(frames, clock)
        if image is clock:  # the end
            break
        image = image if is_image(image) else None
        lost += image is None
        key = stream.key_due
        poses = stream.step(image)
        write(image, poses, key)
        if every and stream.index % every == 0:
            speed = stream.index / (perf_counter() - start)
            say(f'frame {stream.index}: {len(poses)} persons, '
                f'{speed:.1f} frames/s')
    return lost
