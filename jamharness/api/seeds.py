"""Random numbers that depend on what is drawn, and on nothing else."""

import numpy as np

from jamharness.api.canonical import Json, digest


def generator(*coordinates: Json) -> np.random.Generator:
    """A Philox generator seeded by a hash of the coordinates of what is drawn.

    Every backend, worker and machine gets the same bits for the same coordinates, in any order of drawing.

    Arguments:
        coordinates: JSON values that name the draw, such as ``("weights", seed, widths)``.
    """
    key = int(digest(list(coordinates))[:32], 16)
    return np.random.Generator(np.random.Philox(key=key))
