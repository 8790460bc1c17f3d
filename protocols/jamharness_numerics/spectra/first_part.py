"""Every eigenvalue of H0 of a network of any size, where few patterns are unsatisfied."""

import numpy as np

from jamharness.api import Array, Problem
from jamharness_numerics.minimise.certificate import unsatisfied_rows


def h0_eigenvalues(problem: Problem, w: Array) -> Array:
    """Sorted eigenvalues (N,) of H0 = JᵀJ/P from the tangent kernel of the unsatisfied patterns.

    JᵀJ and JJᵀ have the same nonzero eigenvalues, and JJᵀ is the tangent kernel Θ with rows and columns multiplied by
    labels ±1, which changes none. The largest array is (N_Δ, N_Δ).

    Arguments:
        problem: of a backend with ``tangent_kernel``.
        w: (N,).
    """
    x = problem.x[unsatisfied_rows(problem, w)]
    size, eigenvalues = problem.network.size, np.zeros(problem.network.size, dtype=problem.x.dtype)
    rank = min(len(x), size)
    if rank:
        eigenvalues[size - rank :] = np.linalg.eigvalsh(problem.tangent_kernel(w, x, x) / problem.patterns)[
            len(x) - rank :
        ]
    return np.sort(eigenvalues)
