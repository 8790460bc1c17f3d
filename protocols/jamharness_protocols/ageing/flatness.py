"""How many directions are flat along a run, from products of the Hessian with a few random vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jamharness_numerics.spectra import Quadrature, Tridiagonal, lanczos
from jamharness_numerics.spectra.estimated_counts import christoffel
from jamharness_numerics.spectra.quadrature import of_tridiagonals, probe_vectors

from jamharness.api import Array, Float64


@dataclass(frozen=True, kw_only=True)
class Counter:
    """What is computed at a point of a run: the spectral measure of H as a few vectors see it.

    Arguments:
        problem: whose Hessian is meant.
        steps: of Lanczos, m.
        probes: random vectors, k.
    """

    problem: Any
    steps: int
    probes: int

    def __call__(self, w: Array, say: Callable[[str], None]) -> Float64:
        """The tridiagonal matrices at w (N,): α and β of each step, (k, m, 2).

        β of the last step is the residual, 0 where the space is exhausted; NaN beyond it. Memory: k m vectors (N,), in
        bites of 2 GiB.
        """
        problem, packed = self.problem, np.full((self.probes, self.steps, 2), np.nan)
        starts = probe_vectors(len(w), self.probes, dtype=problem.backend.dtype)
        tridiagonals = lanczos(lambda v: np.asarray(problem.hessian_vector(w, v)), starts, self.steps, say=say)
        for row, each in zip(packed, tridiagonals, strict=True):
            count = len(each.diagonal)
            row[:count, 0] = each.diagonal
            row[:count, 1] = [*each.offdiagonal, 0.0 if each.exhausted else each.residual]
        return packed


@dataclass(frozen=True, kw_only=True, eq=False)
class Flatness:
    """Parts of all eigenvalues of H at each of W waiting times.

    Arguments:
        flat: those between −x and x, (W,).
        negative: those below −x, (W,).
        doubt: how far either may be off as so few steps leave the measure open, (W,): Christoffel's bound, seldom
            reached.
        largest: the largest |λ|, (W,).
        threshold: x.
    """

    flat: Float64
    negative: Float64
    doubt: Float64
    largest: Float64
    threshold: float


def flatness(packed: Float64, size: int, part: float) -> Flatness:
    """Count at one threshold for all waiting times: a part of the largest |λ| at any of them.

    Arguments:
        packed: what ``Counter`` gives at each, (W, k, m, 2).
        size: N.
        part: x over the largest |λ|.
    """
    quadratures = [_quadrature(each, size) for each in packed]
    largest = np.array([each.norm for each in quadratures])
    threshold = part * float(largest.max())
    ends = np.array([-threshold, threshold])
    below = np.array([each.cumulative(ends) for each in quadratures])
    doubt = [np.mean([christoffel(one, ends).sum() for one in each.tridiagonals]) for each in quadratures]
    return Flatness(
        flat=below[:, 1] - below[:, 0], negative=below[:, 0], doubt=np.array(doubt), largest=largest,
        threshold=threshold,
    )  # fmt: skip


def _quadrature(packed: Float64, size: int) -> Quadrature:
    """The measure at one waiting time."""
    matrices = []
    for row in packed:
        diagonal, beta = row[np.isfinite(row[:, 0])].T
        exhausted = not beta[-1]
        matrices.append(
            Tridiagonal(diagonal=diagonal, offdiagonal=beta[:-1], residual=float(beta[-1]), exhausted=exhausted)
        )
    return of_tridiagonals(matrices, size)
