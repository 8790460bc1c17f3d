"""How many directions are flat at a point of a run, from products of the Hessian with a few random vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jamharness_numerics.spectra import quadrature
from jamharness_numerics.spectra.estimated_counts import christoffel

from jamharness.api import Array


@dataclass(frozen=True, kw_only=True)
class Flatness:
    """Parts of all eigenvalues of H.

    Arguments:
        flat: those between −x and x.
        negative: those below −x.
        doubt: how far either may be off as the probes are known to so many moments only: Christoffel's bound, which
            falls as 1/steps where eigenvalues lie dense and is seldom reached.
    """

    flat: float
    negative: float
    doubt: float


@dataclass(frozen=True, kw_only=True)
class Counter:
    """How it is counted.

    Arguments:
        problem: whose Hessian is meant.
        threshold: x, a curvature.
        steps: of Lanczos.
        probes: random vectors.
    """

    problem: Any
    threshold: float
    steps: int
    probes: int

    def __call__(self, w: Array, say: Callable[[str], None]) -> Flatness:
        """At w (N,). Memory: steps × probes vectors (N,), in bites of 2 GiB."""
        problem = self.problem
        found = quadrature(
            lambda v: np.asarray(problem.hessian_vector(w, v)), len(w), probes=self.probes, steps=self.steps,
            dtype=problem.backend.dtype, say=say,
        )  # fmt: skip
        ends = np.array([-self.threshold, self.threshold])
        below, within = found.cumulative(ends)
        doubts = [christoffel(each, ends).sum() for each in found.tridiagonals]
        return Flatness(flat=float(within - below), negative=float(below), doubt=float(np.mean(doubts)))
