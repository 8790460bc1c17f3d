"""What may be asked of a problem, at three levels: a minimiser or a protocol says which it needs.

They are stated as what a problem has, so that closed forms and derived problems alike are what their methods make them.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Array
from jamharness.api.fallbacks import DampedStep
from jamharness.api.optimizers import Optimizer, State


class Objective(Protocol):
    """A function L(w) to lower, on R^N or on a sphere in it."""

    backend: Any
    loss: Any

    @property
    def size(self) -> int:
        """N."""

    @property
    def spheres(self) -> tuple[tuple[slice, float], ...]:
        """The parts of w that live on a sphere each, with its radius; none where w is free."""

    @property
    def matrix_free(self) -> bool:
        """Whether a product with H costs about as much as a gradient."""

    def retract(self, w: Array, /) -> Array:
        """Back onto the manifold of w."""

    def tangent(self, w: Array, v: Array, /) -> Array:
        """The part of v (…, N) tangent to that manifold at w."""

    def loss_and_gradient(self, w: Array, /) -> tuple[float, Array]:
        """L(w) and ∇L(w) (N,)."""

    def batch_gradient(self, w: Array, rows: NDArray[np.integer], /) -> Array:
        """(1/n) Σ ∇ℓ over n constraints, (N,)."""

    def descend(self, state: State, steps: int, optimizer: Optimizer, /) -> State:
        """Up to ``steps`` first-order updates."""

    def hessian(self, w: Array, /) -> tuple[Array, Array]:
        """H0 and Hp, (N, N) each."""

    def hessian_vector(self, w: Array, v: Array, /) -> Array:
        """H v, (N, k)."""

    def hessian_eigenvalues(self, w: Array, /) -> tuple[Array, Array, Array]:
        """Sorted eigenvalues of H, H0 and Hp."""


class Constraints(Objective, Protocol):
    """A loss of constraints Δ_μ(w) ≤ 0."""

    @property
    def constraints(self) -> int:
        """M."""

    def with_margin(self, margin: float, /) -> "Constraints":
        """The same at another κ."""

    def with_dtype(self, dtype: str, /) -> "Constraints":
        """The same in another dtype."""

    def margins(self, w: Array, /) -> Array:
        """Δ (M,)."""

    def jacobian(self, w: Array, rows: NDArray[np.integer], /) -> Array:
        """∂Δ/∂w of some constraints, (n, N)."""

    def damped_step(self, w: Array, damping: float, /) -> DampedStep:
        """A Levenberg–Marquardt candidate."""

    def truncated_step(self, w: Array, damping: float, tolerance: float, /) -> DampedStep:
        """One whose linear system is solved to a tolerance."""


class Predictor(Constraints, Protocol):
    """Constraints that are patterns under a function f(x; w)."""

    def outputs(self, w: Array, x: Array, /) -> Array:
        """F (M,)."""

    def tangent_kernel(self, w: Array, x1: Array, x2: Array, /) -> Array:
        """Θ = ∇f(x1) · ∇f(x2)."""
