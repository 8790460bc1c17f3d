"""Problems whose constraints go through the formula in blocks: networks on images, whose signals are large.

Nothing is kept for all constraints at once but one number each, and H v comes from one pass over each block instead of
a Jacobian.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Array
from jamharness.api.derived import DerivedProblem
from jamharness.api.differentiator import Differentiator, Formula
from jamharness.api.errors import BadInput, NotSupported
from jamharness.api.namespace import Data, Namespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jamharness.api.backend import Backend
    from jamharness.api.loss import Loss
    from jamharness.api.systems import System

_VECTORS = 8
"""Vectors that H is applied to together: each takes as much memory as a backward pass of a block."""


@dataclass(frozen=True)
class _Bent:
    """Σ_μ of −ℓ′ g + ½ ℓ″ (g − g⁰)² with ℓ′, ℓ″ and g⁰ held fixed: at w its Hessian is M times that of L."""

    gaps: Formula

    def __call__(self, xp: Namespace, w: Any, data: Data) -> Any:
        gaps = self.gaps(xp, w, data)
        apart = gaps - data["fixed gap"]
        return 0.5 * data["fixed curvature"] * apart * apart - data["fixed slope"] * gaps


class BlockedProblem(DerivedProblem):
    """A derived problem of a system that names a ``block``.

    Where constraints of a block depend on each other (``coupled``, as under batch normalisation), L is the mean over
    blocks of consecutive constraints, and ∇L of a minibatch that over blocks of its rows, in their order.

    Arguments:
        backend, system, data, loss, differentiator, arrays: as of ``DerivedProblem``.

    Raises:
        BadInput: all that is wrong with the data, or a loss with a margin for each constraint.
    """

    def __init__(
        self,
        backend: "Backend",
        system: "System",
        data: "Mapping[str, NDArray[Any]]",
        loss: "Loss | None",
        differentiator: Differentiator,
        arrays: Data | None = None,
    ) -> None:
        super().__init__(backend, system, data, loss, differentiator, arrays)
        if self.loss.offsets:
            raise BadInput("offsets: constraints that are computed in blocks have one margin together; leave them out.")
        self._bent = _Bent(self.gaps)

    def margins(self, w: Array) -> Array:
        """Δ_μ(w), (M,), block by block."""
        values = [self.differentiator.value(self.gaps, w, data) for data in self._blocks(np.arange(self.constraints))]
        return self.loss.margins(np.concatenate(values))

    def outputs(self, w: Array, x: Array) -> Array:
        """The system's outputs for inputs x (M, d), block by block."""
        formula, step = self._predictions(), self._step
        blocks = [
            self.differentiator.value(formula, w, dict(self.differentiator.arrays({"x": x[start : start + step]})))
            for start in range(0, len(x), step)
        ]
        return np.concatenate(blocks)

    def margins_and_gradient(self, w: Array) -> tuple[Array, Array]:
        """Δ(w) (M,) and ∇L(w) (N,), block by block."""
        gaps, gradient = self._gradient(w, np.arange(self.constraints))
        return self.loss.margins(gaps), gradient

    def batch_gradient(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """(1/n) Σ ∇ℓ over n constraints, (N,)."""
        return self._gradient(w, rows)[1]

    def jacobian(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∂Δ_μ/∂w of some constraints.

        Raises:
            NotSupported: they have none of their own.
        """
        self._refuse_coupled()
        return super().jacobian(w, rows)

    def tangent_kernel(self, w: Array, x1: Array, x2: Array) -> Array:
        """Θ = ∇f(x1) · ∇f(x2).

        Raises:
            NotSupported: an output has no gradient of its own.
        """
        self._refuse_coupled()
        return super().tangent_kernel(w, x1, x2)

    def hessian_vector(self, w: Array, v: Array) -> Array:
        """H v of shape (N, k) for v (N, k): two forward and two backward passes for each vector."""
        product = np.zeros(v.shape, dtype=self.backend.dtype)
        for data in self._blocks(np.arange(self.constraints)):
            gaps = self.differentiator.value(self.gaps, w, data)
            margins = self.loss.margins(gaps)
            fixed = {
                "fixed gap": gaps,
                "fixed slope": np.asarray(self.loss.slope(margins)),
                "fixed curvature": np.asarray(self.loss.curvature(margins)),
            }
            within = {**data, **self.differentiator.arrays(fixed)}
            weights = np.full(len(gaps), 1 / self.constraints, dtype=self.backend.dtype)
            for start in range(0, v.shape[1], _VECTORS):
                some = slice(start, start + _VECTORS)
                product[:, some] += self.differentiator.bend(self._bent, w, within, weights, v[:, some])
        return product

    def _gradient(self, w: Array, rows: NDArray[np.integer]) -> tuple[Array, Array]:
        """Gaps (n,) and the gradient (N,) of the mean loss of some constraints."""
        gradient, blocks = np.zeros(self.size, dtype=self.backend.dtype), []
        for data in self._blocks(rows):
            gaps, pulled = self.differentiator.value_and_pull(
                self.gaps, w, data, lambda gaps: self.loss.slope(self.loss.margins(gaps)) / len(rows)
            )
            blocks.append(gaps)
            gradient -= pulled
        return np.concatenate(blocks), gradient

    def _refuse_coupled(self) -> None:
        if self.system.coupled:
            raise NotSupported(
                f"{type(self.system).__name__}: under batch normalisation a pattern's output depends on the others in "
                "its block, so that it has no gradient of its own; leave out norm and residual layers."
            )

    @property
    def _step(self) -> int:
        """Constraints in a block."""
        assert self.system.block is not None, "a blocked problem has blocks"
        return self.system.block

    def _blocks(self, rows: NDArray[np.integer]) -> Iterator[Data]:
        """The data of some constraints, block by block."""
        for start in range(0, len(rows), self._step):
            yield self._part(rows[start : start + self._step])
