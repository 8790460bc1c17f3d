"""What every critical point of the loss must satisfy, and how far a given w is from it."""

from collections.abc import Iterator
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, Constraints, Problem

_GIVEN_UP = 1e-5
"""In units of κ: where every unsatisfied Δ is nearer to κ than this, Δ(κ − Δ) is what rounding leaves of a difference,
and the residual is measured in units of so much κ Σ Δ."""
_BLOCK = 1 << 22
"""Numbers in one block of a Jacobian: 32 MiB in float64."""


def loss_of(margins: Array) -> float:
    """L = (1/2P) Σ max(0, Δ)² from all margins (P,)."""
    positive = margins[margins > 0]
    return float(positive @ positive) / (2 * len(margins))


def last_layer(problem: Problem, margins: Array) -> float:
    """The relative residual of stationarity in the last layer.

    Where the last layer is trained, f is linear in it, so at every critical point Σ Δ y f = Σ Δ (κ − Δ) = 0, and with a
    bias also Σ y Δ = 0, over unsatisfied patterns, whatever the activation. It is necessary, not sufficient.

    Arguments:
        problem: the problem, for κ, y and whether there is a bias.
        margins: Δ(w), (P,).

    Returns:
        max(|Σ Δ(κ−Δ)| / max(Σ |Δ(κ−Δ)|, 1e-5 κ Σ Δ), |Σ yΔ| / Σ Δ), from 0 to 1; 0 where all are satisfied.
    """
    unsatisfied = margins > 0
    delta = margins[unsatisfied]
    if not len(delta):
        return 0.0
    work = delta * (problem.loss.margin - delta)
    least = _GIVEN_UP * problem.loss.margin * float(delta.sum())
    residuals = [abs(float(work.sum())) / max(float(np.abs(work).sum()), least, np.finfo(np.float64).tiny)]
    if problem.network.bias:
        residuals.append(abs(float(problem.y[unsatisfied] @ delta)) / float(delta.sum()))
    return max(residuals)


def force_balance(gradient: Array, loss: float, trace: float) -> float:
    """|∇L| / √(2 L tr H0): the net force over the largest that its parts could add up to, between 0 and 1.

    ∇L = (1/P) Σ Δ ∇Δ, and by Cauchy and Schwarz |∇L| ≤ √((1/P) Σ Δ²) √((1/P) Σ |∇Δ|²) = √(2L) √(tr H0).
    """
    scale = sqrt(2 * loss * trace)
    return float(np.linalg.norm(gradient)) / scale if scale else 0.0


def unsatisfied_rows(problem: Constraints, w: Array) -> NDArray[np.integer]:
    """Which patterns have Δ > 0, (N_Δ,)."""
    return np.flatnonzero(problem.margins(w) > 0)


def trace_h0(problem: Constraints, w: Array) -> float:
    """Tr H0 = (1/P) Σ |∇Δ|² over unsatisfied patterns."""
    return sum(float(np.sum(J**2)) for J in _jacobian_blocks(problem, w)) / problem.constraints


def pinned(problem: Problem, w: Array) -> int:
    """How many unsatisfied patterns no first-layer weight can move: a unit that is off is on every path.

    Such patterns have the same output as each other, so two of opposite labels are a minimum of L by themselves: the
    way in which narrow relu networks jam early.
    """
    first = problem.network.slices[0][0]
    return sum(int(np.count_nonzero(~J[:, first].any(axis=1))) for J in _jacobian_blocks(problem, w))


def _jacobian_blocks(problem: Constraints, w: Array) -> Iterator[Array]:
    """∂Δ/∂w of the unsatisfied patterns, in blocks so that no array of P × N is made."""
    rows = unsatisfied_rows(problem, w)
    step = max(1, _BLOCK // problem.size)
    for start in range(0, len(rows), step):
        yield problem.jacobian(w, rows[start : start + step])
