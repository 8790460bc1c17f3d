"""Stochastic Lanczos quadrature: the density of eigenvalues from products with a few random vectors.

The spectral measure of a random unit vector q, Σ_i (q·u_i)² δ(λ − λ_i), is on average that of the matrix,
(1/N) Σ_i δ(λ − λ_i). m Lanczos steps from q give its Gauss quadrature: nodes are the eigenvalues of T, weights the
squares of their eigenvectors' first components, and moments up to the (2m − 1)-th are exact (Golub and Welsch, Math.
Comput. 23, 221, 1969). The method is that of Ubaru, Chen and Saad, SIAM J. Matrix Anal. Appl. 38, 1075, 2017; Lin, Saad
and Yang, SIAM Rev. 58, 34, 2016, review it; Ghorbani, Krishnan and Xiao, arXiv 1901.10159, use it for networks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, Float64, generator
from jamharness_numerics.spectra.lanczos import MEMORY, Apply, Tridiagonal, lanczos

KINDS = ("rademacher", "gaussian")


@dataclass(frozen=True, kw_only=True, eq=False)
class Quadrature:
    """The spectral measure of a matrix of size N, estimated.

    Arguments:
        size: N.
        nodes: θ of all probes, (M,).
        weights: their shares, (M,); they add up to 1.
        residuals: |A y − θ y| of the Ritz vector of each node, (M,): an eigenvalue lies within it.
        probe: which probe each belongs to, (M,).
        tridiagonals: what each probe knows.
        dtype: in which products were computed.
    """

    size: int
    nodes: Float64
    weights: Float64
    residuals: Float64
    probe: NDArray[np.intp]
    tridiagonals: tuple[Tridiagonal, ...]
    dtype: str

    @property
    def probes(self) -> int:
        """How many random vectors it rests on."""
        return len(self.tridiagonals)

    @property
    def norm(self) -> float:
        """The largest |θ|: at most ‖A‖, and soon equal to it."""
        return float(np.abs(self.nodes).max())

    def cumulative(self, x: Float64) -> Float64:
        """The part of eigenvalues that are at most x, for x of any shape."""
        order = np.argsort(self.nodes, kind="stable")
        sums = np.concatenate([[0.0], np.cumsum(self.weights[order])])
        return np.asarray(sums[np.searchsorted(self.nodes[order], x, side="right")])

    def density(self, x: Float64, width: float | None = None) -> Float64:
        """The density at x (n,), each node a Gaussian.

        Arguments:
            x: where.
            width: standard deviation of the Gaussians; none: the mean distance of a probe's nodes, finer than which m
                steps do not see (Lin, Saad and Yang discuss the choice).
        """
        if width is None:
            steps = max(len(each.diagonal) for each in self.tridiagonals)
            width = (float(np.ptp(self.nodes)) or self.norm or 1.0) / steps
        scaled = (np.asarray(x)[:, np.newaxis] - self.nodes) / width
        return np.asarray(np.exp(-(scaled**2) / 2) @ self.weights / (width * sqrt(2 * np.pi)))

    def moment(self, order: int) -> float:
        """The mean of λ^order, tr A^order / N, exact for the probes up to order 2m − 1."""
        return float(self.weights @ self.nodes**order)


def probe_vectors(size: int, probes: int, seed: int = 0, kind: str = "rademacher", dtype: str = "float64") -> Array:
    """Random vectors (N, k) of independent signs or normal numbers; each is drawn by itself, whatever k is."""
    rows = np.empty((probes, size), dtype=dtype)
    for index, row in enumerate(rows):
        draw = generator("probe", kind, seed, index)
        row[:] = draw.integers(0, 2, size) * 2 - 1 if kind == "rademacher" else draw.standard_normal(size)
    return rows.T


def quadrature(
    apply: Apply, size: int, *, probes: int, steps: int, seed: int = 0, kind: str = "rademacher",
    dtype: str = "float64", memory: int = MEMORY, say: Callable[[str], None] | None = None,
) -> Quadrature:  # fmt: skip
    """Estimate the spectral measure.

    Arguments:
        apply: A, symmetric.
        size: N.
        probes: how many random vectors; the variance of every part of the measure falls as 1/(N k).
        steps: m for each; features are resolved to about ‖A‖/m.
        seed: of the probes.
        kind: ``"rademacher"`` or ``"gaussian"``.
        dtype: of the products.
        memory: the most bytes of stored vectors.
        say: told now and then how far it is.

    Raises:
        BadInput: m vectors take more than ``memory``.
    """
    starts = probe_vectors(size, probes, seed, kind, dtype)
    return of_tridiagonals(lanczos(apply, starts, steps, memory, say), size, dtype)


def of_tridiagonals(tridiagonals: list[Tridiagonal], size: int, dtype: str = "float64") -> Quadrature:
    """The mean of the Gauss quadratures of several probes."""
    from scipy.linalg import eigh_tridiagonal

    nodes, weights, residuals, probe = [], [], [], []
    for index, each in enumerate(tridiagonals):
        theta, S = eigh_tridiagonal(each.diagonal, each.offdiagonal)
        nodes.append(theta)
        weights.append(S[0] ** 2 / len(tridiagonals))
        residuals.append(each.residual * np.abs(S[-1]))
        probe.append(np.full(len(theta), index))
    return Quadrature(
        size=size,
        nodes=np.concatenate(nodes),
        weights=np.concatenate(weights),
        residuals=np.concatenate(residuals),
        probe=np.concatenate(probe),
        tridiagonals=tuple(tridiagonals),
        dtype=dtype,
    )


def wasserstein(estimate: Quadrature, eigenvalues: Array) -> float:
    """W₁ = ∫ |F(x) − F_exact(x)| dx between the estimate and a known spectrum (N,), in units of the eigenvalues."""
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(estimate.nodes, np.asarray(eigenvalues, dtype=np.float64), estimate.weights))
