"""Latency tables of a machine whose operators all take as long as their MACs
say."""
import json

import numpy as np

from scalenas_mm.evaluation.latency import Backend, Task
from scalenas_mm.evaluation.latency.build import operators_to_time
from scalenas_mm.spaces.operators import KINDS


def ms(operator):
    """Of an operator on that machine."""
    return 0.001 + KINDS[operator.kind](operator.fixed, operator.free)[1] / 1e6


def summed(space, arch, size):
    """Milliseconds of a network, from its own operators."""
    used = space.operators(space.encode(arch)[None], size, True)
    return float(sum(np.sum(times) * ms(one) for one, times in used))


def written(path, space, size):
    """The path of the table ``latency@desk`` of a space, as a JSON file."""
    task = Task('desk', space, None, size)
    rows = [dict(one._asdict(), ms=ms(one)) for one in operators_to_time(task)]
    path.write_text(json.dumps(dict(task.settings(Backend()), operators=rows)))
    return path
