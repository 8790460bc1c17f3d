"""Damped steps as values, and what is derived from other methods of a problem for backends without a faster way."""

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Array
from jamharness.api.loss import QuadraticHinge
from jamharness.api.optimizers import Optimizer, State
from jamharness.api.stochastic import batch_of

if TYPE_CHECKING:
    from jamharness.api.backend import Problem

_BLOCK = 1 << 24
"""Floats in a block of the Jacobian, or of vectors that H is applied to: 128 MiB in float64."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DampedStep:
    """One Levenberg–Marquardt candidate.

    Arguments:
        w: (N,) the candidate w + s.
        loss: L(w + s).
        unsatisfied: N_Δ at w + s.
        predicted_decrease: what the linearised margins promise, (|Δ|² − |Δ + J s|²) / 2P over the patterns
            unsatisfied at w.
    """

    w: Array
    loss: float
    unsatisfied: int
    predicted_decrease: float


def descend(problem: "Problem", state: State, steps: int, optimizer: Optimizer) -> State:
    """The optimizer's own NumPy rule, one gradient per update; by minibatches it never stops early."""
    state = replace(state, w=np.array(state.w, dtype=problem.backend.dtype))
    for _ in range(steps):
        rows = batch_of(optimizer, state.step, problem.constraints)
        if rows is not None:
            state = optimizer.update(state, problem.batch_gradient(state.w, rows))
            continue
        if not np.any(problem.margins(state.w) > 0):
            break
        state = optimizer.update(state, problem.loss_and_gradient(state.w)[1])
    return state


def batch_gradient(problem: "Problem", w: Array, rows: NDArray[np.integer]) -> Array:
    """∇L of a problem that has these patterns alone."""
    alone = problem.backend.network_problem(problem.network, problem.x[rows], problem.y[rows], problem.loss)
    return np.asarray(alone.loss_and_gradient(w)[1])


def jacobian(problem: "Problem", w: Array, rows: NDArray[np.integer]) -> Array:
    """One gradient per row, each of one pattern alone under the label that f misses: there Δ' = 1 + |f| > 0.

    With κ' = 1 and the label y' = ±1 for which y' f ≤ 0, ∇L' = Δ' ∂Δ'/∂w and ∂Δ/∂w = y y' ∂Δ'/∂w.
    """
    hits = problem.margins(w) < problem.loss.margin  # y f > 0
    J = np.empty((len(rows), problem.network.size), dtype=problem.backend.dtype)
    for i, row in enumerate(int(row) for row in rows):
        sign = -1 if hits[row] else 1
        x, y = problem.x[row : row + 1], sign * problem.y[row : row + 1]
        alone = problem.backend.problem(problem.network, x, y, QuadraticHinge())
        J[i] = sign * alone.loss_and_gradient(w)[1] / alone.margins(w)[0]
    return J


def damped_step(problem: "Problem", w: Array, damping: float) -> DampedStep:
    """The damped least-squares problem min |Δ + J s|² + λ|s|² over the unsatisfied patterns."""
    w = np.asarray(w, dtype=problem.backend.dtype)
    margins = problem.margins(w)
    rows = np.flatnonzero(margins > 0)
    delta = margins[rows]
    J = problem.jacobian(w, rows)
    s = solve_damped(J, delta, damping)
    return take_step(problem, w, s, float(delta @ delta), delta + J @ s)


def solve_damped(J: Array, delta: Array, damping: float) -> Array:
    """argmin_s |Δ + J s|² + λ|s|², for J (n, N) and Δ (n,), by a QR factorisation of the smaller augmented system.

    With n ≥ N the stacked matrix [J; √λ I] = QR is solved in the least-squares sense; with n < N, s = −Jᵀ z where
    (JJᵀ + λI) z = Δ, and [Jᵀ; √λ I] = QR gives JJᵀ + λI = RᵀR. No product JᵀJ is formed, so the error grows with
    cond(J) and not with its square (Björck, Numerical Methods for Least Squares Problems, §2.7).
    """
    n, size = J.shape
    root = sqrt(damping)
    if n >= size:
        q, r = np.linalg.qr(np.concatenate([J, root * np.eye(size, dtype=J.dtype)]))
        return np.asarray(-np.linalg.solve(r, q[:n].T @ delta))
    q, r = np.linalg.qr(np.concatenate([J.T, root * np.eye(n, dtype=J.dtype)]))
    return np.asarray(-q[:size] @ np.linalg.solve(r.T, delta))


def take_step(problem: "Problem", w: Array, s: Array, before: float, linearised: Array) -> DampedStep:
    """The candidate w + s.

    Arguments:
        problem: the problem.
        w: (N,) where the step starts.
        s: (N,) the step.
        before: |Δ|² over the patterns unsatisfied at w.
        linearised: Δ + J s, (N_Δ,).
    """
    candidate = w + s
    margins = problem.margins(candidate)
    positive = margins[margins > 0]
    return DampedStep(
        w=candidate,
        loss=float(positive @ positive) / (2 * problem.patterns),
        unsatisfied=len(positive),
        predicted_decrease=(before - float(linearised @ linearised)) / (2 * problem.patterns),
    )


def hessian(problem: "Problem", w: Array) -> tuple[Array, Array]:
    """H0 = JᵀJ / P, and Hp = H − H0 with H from its products with the unit vectors, made symmetric.

    Hp has the rounding errors of H0, so its digits are lost where every Δ is far below 1; a backend's own does better.
    """
    size = problem.network.size
    rows = np.flatnonzero(problem.margins(w) > 0)
    some = max(1, _BLOCK // size)
    H0 = np.zeros((size, size), dtype=problem.backend.dtype)
    for start in range(0, len(rows), some):
        J = problem.jacobian(w, rows[start : start + some])
        H0 += J.T @ J
    H0 /= problem.patterns
    Hp = np.zeros_like(H0)
    if not problem.network.depth:
        return H0, Hp  # f is linear in w
    for start in range(0, size, some):
        units = np.zeros((size, min(some, size - start)), dtype=H0.dtype)
        units[np.arange(start, start + units.shape[1]), np.arange(units.shape[1])] = 1
        Hp[:, start : start + some] = problem.hessian_vector(w, units)
    Hp -= H0
    return H0, (Hp + Hp.T) / 2


def hessian_eigenvalues(problem: "Problem", w: Array) -> tuple[Array, Array, Array]:
    """Sorted eigenvalues of H, H0 and Hp, by NumPy on the host."""
    H0, Hp = problem.hessian(w)
    return np.linalg.eigvalsh(H0 + Hp), np.linalg.eigvalsh(H0), np.linalg.eigvalsh(Hp)
