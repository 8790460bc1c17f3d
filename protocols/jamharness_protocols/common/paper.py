"""What figures share: the widths of a journal's columns, and colours that tell seeds apart."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Float64

SINGLE = 3.4
"""The width of one column, in inches (APS: 3 3/8; Nature: 89 mm = 3.5)."""
DOUBLE = 7.0
"""The width of both (APS: 7; Nature: 183 mm = 7.2)."""
COLOURS = 10
"""More colours are not told apart."""


def colours(seeds: Iterable[int]) -> Mapping[int, tuple[str, float]]:
    """The colour and the opacity of each seed's points: a colour each for up to ten, transparent grey beyond.

    Arguments:
        seeds: whatever stands in a table's column.
    """
    names = sorted({int(seed) for seed in seeds})
    if len(names) > COLOURS:
        return dict.fromkeys(names, ("black", max(0.15, 5 / len(names))))
    return {seed: (f"C{place}", 0.9) for place, seed in enumerate(names)}


def at_least(values: NDArray[np.generic]) -> tuple[Float64, Float64]:
    """The values beyond zero that occur, (k,), and the part of all values (n,) that is no smaller, (k,)."""
    numbers = np.asarray(values, dtype=np.float64)
    levels = np.unique(numbers[numbers > 0])
    return levels, np.array([np.count_nonzero(numbers >= level) / len(numbers) for level in levels])
