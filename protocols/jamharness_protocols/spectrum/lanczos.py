"""A cell of the spectrum protocol at a size where no matrix of N × N fits: H from its products with vectors.

H0 is exact, from the tangent kernel of the unsatisfied patterns, where these are few enough. Hp has no products of its
own in the backend contract, so its columns are empty: Hp V = H V − Jᵀ(J V)/P could be had from blocks of rows of J, but
that takes many times as long as H V (docs/spectrum.md).
"""

from dataclasses import asdict
from math import isfinite

import numpy as np
from jamharness_numerics.spectra import count, estimate_counts, extremes, quadrature
from jamharness_numerics.spectra.first_part import h0_eigenvalues

from jamharness.api import Array, Cell, CellResult, DerivedProblem, Json, Problem, Progress

MOST = 10_000
"""Unsatisfied patterns up to which H0 is exact: its matrix takes 0.75 GiB."""


def measure(cell: Cell, problem: Problem | DerivedProblem, trial: CellResult, progress: Progress) -> CellResult:
    """Density, extremes and counts of H at the end of a minimisation.

    Arguments:
        cell: with ``probes``, ``steps`` and ``seed`` among its coordinates.
        problem: the problem.
        trial: what the minimisation found, with its end ``w`` (N,).
        progress: told which step is taken.

    Returns:
        the trial's values, with counts as in an exact cell (None where refused, and ``refusal_H`` says why),
        their errors, the extremes, and counts of H0; arrays: nodes and weights (M,), weights adding up to N, with
        residuals; the extremes with theirs.
    """
    w, at = trial.arrays["w"], cell.coordinates

    def apply(v: Array) -> Array:
        return problem.hessian_vector(w, v)

    size, dtype, seed = problem.size, problem.backend.dtype, int(at["seed"])
    density = quadrature(
        apply, size, probes=int(at["probes"]), steps=int(at["steps"]), seed=seed, dtype=dtype, say=progress
    )
    progress("extreme eigenvalues")
    ends = extremes(apply, size, seed=seed, dtype=dtype)
    values: dict[str, Json] = {**trial.values, "relative": at["relative"], "method": "lanczos"}
    values |= {f"{key}_H": value for key, value in asdict(estimate_counts(density)).items()}
    values |= {
        "largest_H": float(ends.largest[0]),
        "smallest_H": float(ends.smallest[0]),
        "largest_residual_H": float(ends.largest_residuals[0]),
        "smallest_residual_H": float(ends.smallest_residuals[0]),
        "converged_H": bool(ends.largest_converged[0] and ends.smallest_converged[0]),
        "products_H": ends.products + sum(len(each.diagonal) for each in density.tridiagonals),
    }
    unsatisfied = int(trial.values["unsatisfied"])  # type: ignore[arg-type]
    if unsatisfied <= MOST and isinstance(problem, Problem) and problem.can("tangent_kernel"):
        progress("eigenvalues of H0")
        exact = h0_eigenvalues(problem, w)
        signs = asdict(count(exact, [exact], dtype))
        values |= {f"{key}_H0": value if isfinite(value) else None for key, value in signs.items()}
    arrays = {
        "nodes_H": density.nodes,
        "weights_H": size * density.weights,
        "residuals_H": density.residuals,
        "largest_H": np.stack([ends.largest, ends.largest_residuals]),
        "smallest_H": np.stack([ends.smallest, ends.smallest_residuals]),
    }
    return CellResult(values=values, arrays=arrays)
