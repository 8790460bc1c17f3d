"""The largest and smallest eigenvalues of a matrix that is known by its products, with a bound on each.

For a symmetric matrix an eigenvalue lies within r = |A y − θ y| of θ, for every unit vector y (Parlett, The Symmetric
Eigenvalue Problem, §4.5). That it is the extreme one cannot be proved by products: θ_max never exceeds the largest
eigenvalue, and a random start misses it with small probability only (Kuczyński and Woźniakowski, SIAM J. Matrix Anal.
Appl. 13, 1094, 1992). Of equal eigenvalues one is found.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, Float64
from jamharness_numerics.spectra.lanczos import Apply, orthogonalise, rounding
from jamharness_numerics.spectra.quadrature import probe_vectors


@dataclass(frozen=True, kw_only=True, eq=False)
class Extremes:
    """Eigenvalues at both ends, outermost first.

    Arguments:
        largest, smallest: θ, up to (count,) each.
        largest_residuals, smallest_residuals: |A y − θ y|, computed from the vectors y themselves.
        largest_converged, smallest_converged: whether the residual is at most the tolerance times the norm, or the
            level of rounding C ε ‖A‖ √N where that is larger.
        norm: the largest |θ|.
        products: how many vectors A was applied to.
    """

    largest: Float64
    smallest: Float64
    largest_residuals: Float64
    smallest_residuals: Float64
    largest_converged: NDArray[np.bool_]
    smallest_converged: NDArray[np.bool_]
    norm: float
    products: int


def extremes(
    apply: Apply, size: int, *, count: int = 2, vectors: int = 32, most: int = 400, tolerance: float = 1e-6,
    seed: int = 0, dtype: str = "float64",
) -> Extremes:  # fmt: skip
    """Both ends of a spectrum by Lanczos with thick restarts.

    A space of ``vectors`` is compressed to the Ritz vectors at its two ends and grown again (Wu and Simon, SIAM J.
    Matrix Anal. Appl. 22, 602, 2000). ARPACK does the same for one end at a time, and returns nothing for what has not
    converged within its bound, which is just where a residual is wanted.

    Arguments:
        apply: A, symmetric.
        size: N.
        count: how many at each end.
        vectors: how many are kept: memory is ``vectors`` + 4 ``count`` times N numbers.
        most: products after which there is no further restart; up to ``vectors`` + 2 ``count`` more may be made.
        tolerance: the largest residual, relative to the norm.
        seed: of the start.
        dtype: of the products.
    """
    vectors = min(max(vectors, 4 * count + 2), size)
    V = np.empty((vectors + 1, size), dtype=dtype)
    V[0] = probe_vectors(size, 1, seed, "gaussian", dtype)[:, 0]
    V[0] /= np.linalg.norm(V[0])
    T = np.zeros((vectors, vectors))
    first, products = 0, 0
    while True:
        used, beta = _grow(apply, V, T, first)
        products += used - first
        theta, S = np.linalg.eigh(T[:used, :used])
        residuals = beta * np.abs(S[-1])
        ends = _ends(used, count)
        norm = float(np.abs(theta).max())
        done = used < vectors or used == size or bool((residuals[ends] <= tolerance * norm).all())
        if done or products >= most:
            break
        # A few more than asked for: the next ones out speed up what is wanted.
        chosen = _ends(used, 2 * count)
        V[: len(chosen)] = S[:, chosen].T.astype(V.dtype) @ V[:used]
        V[len(chosen)] = V[used]
        T[:] = 0
        T[np.arange(len(chosen)), np.arange(len(chosen))] = theta[chosen]
        first = len(chosen)
    Y = S[:, ends].T.astype(V.dtype) @ V[:used]
    Y /= np.linalg.norm(Y, axis=1, keepdims=True)
    direct = np.linalg.norm(apply(Y.T) - Y.T * theta[ends].astype(V.dtype), axis=0).astype(np.float64)
    good = direct <= max(tolerance * norm, rounding(size, norm, V.dtype))
    number = min(count, used)
    return Extremes(
        largest=theta[ends][::-1][:number],
        smallest=theta[ends][:number],
        largest_residuals=direct[::-1][:number],
        smallest_residuals=direct[:number],
        largest_converged=good[::-1][:number],
        smallest_converged=good[:number],
        norm=norm,
        products=products + len(ends),
    )


def _grow(apply: Apply, V: Array, T: Float64, first: int) -> tuple[int, float]:
    """Fill V from row ``first`` on, and T = V A Vᵀ with it; the rows in use, and the norm of what leaves the space."""
    vectors, size = len(T), V.shape[1]
    beta = 0.0
    for j in range(first, vectors):
        u = np.array(apply(V[j : j + 1].T)[:, 0])
        along = V[: j + 1] @ u
        T[: j + 1, j] = T[j, : j + 1] = along
        orthogonalise(u, V[: j + 1])
        beta = float(np.linalg.norm(u))
        if beta <= rounding(size, float(np.abs(T).max()), V.dtype):
            return j + 1, beta
        V[j + 1] = u / beta
    return vectors, beta


def _ends(used: int, count: int) -> NDArray[np.intp]:
    """The first and last ``count`` of ``used`` indices, each once."""
    return np.union1d(np.arange(min(count, used)), np.arange(max(0, used - count), used))
