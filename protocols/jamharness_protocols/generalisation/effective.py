"""N_eff: how many directions in w change a trained network's function at all, to first order."""

from collections.abc import Iterator, Sequence

import numpy as np
from jamharness_numerics.rank import rank_of

from jamharness.api import Backend, Cell, CellResult, Float64, Problem, Progress
from jamharness_protocols.common.problem import system_of

_ROWS = 8
"""Patterns at most, in units of N: the rank is that of the span over all inputs once there are a few times N."""
_BLOCK = 1024
"""Rows of ∇f at a time: of a network with 4000 parameters they take 33 MB."""


def measure(cell: Cell, needed: Sequence[CellResult], backend: Backend, _progress: Progress) -> CellResult:
    """The rank of ∇_w f over the training and the test patterns, at the end of the minimisation that the cell needs.

    Returns:
        values: ``effective`` (N_eff), ``rows`` (the patterns that it is over: with fewer than N it is no more than
        these), ``gap`` (between the singular values that count and those that do not; None where none is left),
        ``weights`` and ``parameters``.
    """
    assert cell.data is not None, "the host loads the data before measure"
    assert cell.loss is not None
    system, data, w = system_of(cell), cell.data, np.asarray(needed[0].arrays["w"])
    x, y = data.first(cell.coordinates["patterns"])
    most = max(_ROWS * system.size - len(y), 0)
    x, y = np.concatenate([x, data.x_test[:most]]), np.concatenate([y, data.y_test[:most]])
    problem = backend.problem(system, x, y, loss=cell.loss)
    assert isinstance(problem, Problem)
    rank = rank_of(_gradients(problem, w, len(y)))
    return CellResult(
        values={
            "effective": rank.rank,
            "rows": rank.rows,
            "gap": rank.gap if np.isfinite(rank.gap) else None,
            "weights": system.weights,
            "parameters": system.size,
        }
    )


def _gradients(problem: Problem, w: Float64, count: int) -> Iterator[Float64]:
    for start in range(0, count, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, count))
        yield np.asarray(problem.jacobian(w, rows), dtype=np.float64)
