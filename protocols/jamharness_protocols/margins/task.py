"""The margins at the end of one minimisation, and which of them nothing in the first layer can move."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, Backend, Cell, CellResult, Json, Problem, Progress
from jamharness_protocols.common.problem import network_problem_of

_BLOCK = 1 << 22
"""Numbers in one block of a Jacobian: 32 MiB in float64."""


def measure(cell: Cell, needed: Sequence[CellResult], backend: Backend, _progress: Progress) -> CellResult:
    """Find which patterns of the minimisation that the cell needs no weight of the first layer can move.

    Returns:
        values: those of the minimisation, and the load; arrays: its ``margins`` (P,), and which are ``pinned`` (P,).
    """
    (trial,) = needed
    pinned = pinned_patterns(network_problem_of(cell, backend), trial.arrays["w"])
    values: dict[str, Json] = {**trial.values, "relative": cell.coordinates["relative"]}
    return CellResult(values=values, arrays={"margins": trial.arrays["margins"], "pinned": pinned})


def pinned_patterns(problem: Problem, w: Array) -> NDArray[np.bool_]:
    """Which unsatisfied patterns have no derivative with respect to the first layer's weights, (P,).

    On every path from their input lies a unit that is off, so all of them have one output and nothing can part them:
    their Δ are two values, one for each label, and belong to no power law.
    """
    rows = np.flatnonzero(problem.margins(w) > 0)
    first = problem.network.slices[0][0]
    pinned = np.zeros(problem.patterns, dtype=bool)
    step = max(1, _BLOCK // problem.network.size)
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        pinned[block] = ~problem.jacobian(w, block)[:, first].any(axis=1)
    return pinned
