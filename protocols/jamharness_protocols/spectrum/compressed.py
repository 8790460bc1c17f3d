"""Where a system rests that was brought to jamming and compressed beyond it."""

from time import perf_counter

import numpy as np
from jamharness_numerics.minimise import BUDGETS, minimise
from jamharness_numerics.minimise.check import check_margins
from jamharness_numerics.minimise.rest import rest
from jamharness_numerics.minimise.tangent_hessian import normals, tangent_hessian
from scipy.linalg import null_space

from jamharness.api import Array, Cell, CellResult, DerivedProblem, Json, Progress

STILL, FURTHER = 1e-14, 20
"""The force balance at which spectra are taken, and Newton steps to get there: what still pushes a rattler out of its
last contact is no force between particles, and would count as a direction in which L falls."""


def compressed(
    cell: Cell, problem: DerivedProblem, approach: CellResult, progress: Progress
) -> tuple[DerivedProblem, CellResult]:
    """The problem at κ_J + δ, and the minimum that the system goes to from where it jammed.

    Arguments:
        cell: with δ as ``relative`` among its coordinates; at δ = 0 it is the end of the approach itself.
        problem: the system, at any κ.
        approach: what the approach found.
        progress: told what is done.

    Returns:
        The problem, and values and arrays as those of a minimisation.
    """
    start, delta = perf_counter(), float(cell.coordinates["relative"])
    w, values = approach.arrays["w"], approach.values
    margin = float(values["margin"] if delta == 0 else values["critical_margin"]) + delta  # type: ignore[arg-type]
    there = problem.with_margin(margin)
    if delta:
        end = minimise(there, w, budget=BUDGETS["lm"], say=progress)
        w, outcome, balance, reason = end.w, end.outcome, end.balance, end.reason
        if outcome == "minimum":
            further = rest(there, w, FURTHER, STILL, zero=0.0)
            w, balance = further.w, further.balance
    else:
        outcome, balance, reason = "minimum", float(values["balance"]), "The end of the approach."  # type: ignore[arg-type]
    margins = there.margins(w)
    check_margins(there, w, margins)
    quantities: dict[str, Json] = {
        "outcome": outcome,
        "margin": margin,
        "load": there.system.load(there.constraints, margin),
        "unsatisfied": int(np.count_nonzero(margins > 0)),
        "loss": there.loss_of(margins),
        "certificate": balance,
        "balance": balance,
        "pinned": 0,
        "clarke": None,
        "weights": there.system.weights,
        "parameters": there.system.size,
        "seconds": perf_counter() - start,
        "reason": reason,
    }
    return there, CellResult(values=quantities, arrays={"w": w})


def tangent_eigenvalues(problem: DerivedProblem, w: Array) -> tuple[Array, Array, Array]:
    """The sorted eigenvalues (N − k,) of H, H0 and Hp in the tangent space of the k spheres at w.

    H is the second derivative of L along geodesics, ``tangent_hessian``; Hp is what it has beside H0, and so
    holds the curvature of the spheres.

    Arguments:
        problem: whose w lives on spheres.
        w: (N,).
    """
    H0, Hp = problem.hessian(w)
    basis = null_space(normals(problem, w).T)
    H = basis.T @ tangent_hessian(problem, w, np.asarray(H0 + Hp, dtype=np.float64), 0.0) @ basis
    first = basis.T @ H0 @ basis
    return np.linalg.eigvalsh(H), np.linalg.eigvalsh(first), np.linalg.eigvalsh(H - first)
