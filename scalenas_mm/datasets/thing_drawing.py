"""Draw things that may hide a figure; see :mod:`.figure_drawing`."""
from typing import List

import numpy as np

from .figure_drawing import Shape, Sprite, render
from .photographs import draw_colour


def shape_thing(rng: np.random.Generator) -> List[Shape]:
    """A post, a ball, a box or a bush, about 1 tall."""
    colour = draw_colour(rng) * rng.uniform(.3, .8)
    kind = rng.integers(4)
    if kind == 0:
        circles = [[0, 0, .05], [0, 1, .05]]
    elif kind == 1:
        circles = [[0, 0, .5]]
    elif kind == 2:
        width = rng.uniform(.6, 1.2)
        circles = [[x, y, .03] for x in (0, width) for y in (0, 1)]
    else:
        leaves = np.column_stack(
            [rng.uniform(0, 1, (12, 2)),
             rng.uniform(.2, .35, 12)])
        green = np.array([60., 130, 50])
        return [
            Shape(leaf[None], green * rng.uniform(.6, 1.2), 1, depth)
            for depth, leaf in enumerate(leaves)
        ]
    return [Shape(np.array(circles, float), colour, 1, 0)]


def draw_thing(height: float, rng: np.random.Generator) -> Sprite:
    """A thing ``height`` pixels tall."""
    return render(shape_thing(rng), np.zeros((0, 2)), height)[0]
