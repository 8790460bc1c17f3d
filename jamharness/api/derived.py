"""Problems of systems without closed forms: everything that a minimiser asks for, from one formula and its derivatives.

A backend brings a ``Differentiator``: the value, the Jacobian and products with second derivatives of a system's gaps,
by automatic differentiation. Losses, sums over constraints, damped steps and spectra are made of these here, once for
all backends; a backend may override any of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Array
from jamharness.api.differentiator import Differentiator, Formula, formula_of
from jamharness.api.errors import BadInput
from jamharness.api.fallbacks import DampedStep, solve_damped
from jamharness.api.krylov import MOST, Bidiagonalisation
from jamharness.api.loss import Loss, QuadraticHinge
from jamharness.api.namespace import Data
from jamharness.api.optimizers import Optimizer, State
from jamharness.api.stochastic import batch_of
from jamharness.api.systems import LocalSystem, PatternSystem, System

if TYPE_CHECKING:
    from jamharness.api.backend import Backend

ROWS = 64
"""Constraints differentiated together: a row of J costs as much as so many of them in a block."""
Spheres: TypeAlias = tuple[tuple[slice, float], ...]
_BLOCK = 1 << 24
"""Floats in a block of the Jacobian, and in one that is kept as it is constant: 128 MiB in float64."""
LARGE = 1000
"""N from which steps to a tolerance are found in a Krylov space: at N = 1653 a QR factorisation takes seventy times as
long (``benchmarks/damped_steps.py``). Below, steps are solved in full, as least squares are a small part of a run."""


@dataclass(frozen=True, eq=False)
class _Linearisation:
    """The violated constraints at w: their Δ (n,), J (n, N), and the spheres on whose tangent space it is projected.

    There are none where J is that of the tangent space itself.
    """

    w: Array
    delta: Array
    J: Array
    spheres: Spheres

    def step(self, damping: float) -> Array:
        """The s of a λ, (N,), in full."""
        return solve_damped(projected(self.w, self.J, self.spheres), self.delta, damping)

    @cached_property
    def krylov(self) -> Bidiagonalisation:
        """One space for every λ, in the tangent space: vectors are projected, and not J."""
        # Not self: in a cycle, J would stay in memory until the next one is collected.
        w, J, spheres = self.w, self.J, self.spheres
        return Bidiagonalisation(lambda v: J @ v, lambda u: projected(w, u @ J, spheres), self.delta)


def projected(w: Array, v: Array, spheres: Spheres) -> Array:
    """The part of v (N,) or of the rows of v (…, N) that is tangent at w to the spheres on which parts of w live."""
    moved = np.array(v) if spheres else v
    for part, _ in spheres:
        unit = w[part] / np.linalg.norm(w[part])
        moved[..., part] -= np.multiply.outer(v[..., part] @ unit, unit)
    return moved


class DerivedProblem:
    """A system under a loss, on some data: margins, gradient, Jacobian, steps and Hessians derived from its formula.

    On a sphere |w| = R gradients and Jacobians are those of the space around it; ``tangent`` takes away their normal
    part, and steps are taken in the tangent space and brought back by ``retract``.

    Arguments:
        backend: what computes.
        system: the system.
        data: what its formula needs, as NumPy arrays.
        loss: the loss; None for the quadratic hinge at κ = 0.
        differentiator: the backend's.
        arrays: the data as the backend's own arrays, where another problem has them already.

    Raises:
        BadInput: all that is wrong with the data.
    """

    def __init__(
        self,
        backend: "Backend",
        system: System,
        data: Mapping[str, NDArray[Any]],
        loss: Loss | None,
        differentiator: Differentiator,
        arrays: Data | None = None,
    ) -> None:
        self.backend, self.system, self.loss = backend, system, loss or QuadraticHinge(margin=0.0)
        self.given, self.differentiator = data, differentiator
        self.data = differentiator.arrays(system.arrays(data)) if arrays is None else arrays
        self.w0: Array | None = None
        self.gaps = formula_of(system, "gaps")
        self._constant: Array | None = None
        self._linear: _Linearisation | None = None

    @property
    def size(self) -> int:
        """N."""
        return self.system.size

    @property
    def constraints(self) -> int:
        """M, the number of constraints."""
        along = self.system.along
        return int(self.data[along[0]].shape[0]) if along else len(self.margins(self.system.initial()))

    def restated(self, loss: Loss) -> "DerivedProblem":
        """The same data under another loss."""
        other = type(self)(self.backend, self.system, self.given, loss, self.differentiator, self.data)
        other._constant = self._constant
        return other

    def with_margin(self, margin: float) -> "DerivedProblem":
        """The same problem at another margin κ, its load."""
        return self.restated(replace(self.loss, margin=margin))

    def with_dtype(self, dtype: str) -> "DerivedProblem":
        """The same problem in another dtype."""
        if dtype == self.backend.dtype:
            return self
        return self.backend.in_dtype(dtype).derived_problem(self.system, self.given, self.loss)

    def outputs(self, w: Array, x: Array) -> Array:
        """f(x; w) of shape (M,) for inputs x (M, d), where the system has outputs.

        Raises:
            BadInput: it has none.
        """
        data = {**self.data, **self.differentiator.arrays({"x": x})}
        return self.differentiator.value(self._predictions(), w, data)

    def _predictions(self) -> Formula:
        if not isinstance(self.system, PatternSystem):
            raise BadInput(f"{type(self.system).__name__} has no outputs: its constraints are no patterns.")
        return formula_of(self.system, "predictions")

    def margins(self, w: Array) -> Array:
        """Δ_μ(w), (M,)."""
        return self.loss.margins(self.differentiator.value(self.gaps, w, self.data))

    def loss_of(self, margins: Array) -> float:
        """L from all margins."""
        return float(np.sum(self.loss.value(margins))) / len(margins)

    def loss_and_gradient(self, w: Array) -> tuple[float, Array]:
        """L(w) and ∇L(w) (N,), in the space around the sphere where there is one."""
        margins, gradient = self.margins_and_gradient(w)
        return self.loss_of(margins), gradient

    def margins_and_gradient(self, w: Array) -> tuple[Array, Array]:
        """Δ(w) (M,) and ∇L(w) (N,), of which L comes without another pass."""
        if not self.system.along and not self.loss.finite_range:
            # An energy: nothing is left out of the backward pass, and one forward pass does for both.
            gaps, pulled = self.differentiator.value_and_pull(
                self.gaps, w, self.data, lambda gaps: self.loss.slope(self.loss.margins(gaps)) / len(gaps)
            )
            return self.loss.margins(gaps), -pulled
        margins = self.margins(w)
        slopes = self.loss.slope(margins) / len(margins)
        rows, data = self._pulling(slopes)
        if not len(rows):
            return margins, np.zeros_like(np.asarray(w, dtype=self.backend.dtype))
        return margins, -self.differentiator.pull(self.gaps, w, data, slopes[rows])

    def batch_gradient(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """(1/n) Σ ∇ℓ over n constraints, (N,), in the space around the sphere where there is one.

        Raises:
            BadInput: the constraints have no data of their own, so that none can be left out.
        """
        if not self.system.along:
            raise BadInput(f"{type(self.system).__name__} has no constraints that a minibatch could leave out.")
        data = self._part(rows)
        margins = self.loss.margins(self.differentiator.value(self.gaps, w, data))
        return -self.differentiator.pull(self.gaps, w, data, self.loss.slope(margins) / len(rows))

    def descend(self, state: State, steps: int, optimizer: Optimizer) -> State:
        """Up to ``steps`` first-order updates by the optimizer's own NumPy rule; stops where all are satisfied.

        By a ``Minibatch``, which looks at some constraints alone, all updates are made.
        """
        w = np.array(state.w, dtype=self.backend.dtype)
        state = replace(state, w=w)
        for _ in range(steps):
            rows = batch_of(optimizer, state.step, self.constraints)
            if rows is None and self.loss.finite_range and self.loss.satisfied(self.margins(state.w)).all():
                break
            gradient = self.loss_and_gradient(state.w)[1] if rows is None else self.batch_gradient(state.w, rows)
            gradient = self.tangent(state.w, gradient)
            state = optimizer.update(state, gradient)
            state = replace(state, w=self.retract(state.w))
        return state

    def retract(self, w: Array) -> Array:
        """Back onto the manifold, in the backend's dtype."""
        return np.asarray(self.system.retract(np.asarray(w, dtype=np.float64)), dtype=self.backend.dtype)

    def tangent(self, w: Array, v: Array) -> Array:
        """The part of v (N,) or of the rows of v (…, N) that is tangent to the manifold of w."""
        return projected(w, v, self.spheres)

    def jacobian(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∂Δ_μ/∂w of shape (len(rows), N) for the constraints ``rows``."""
        if isinstance(self.system, LocalSystem):
            support, parts, data = self._local(w, rows)
            J = np.zeros((len(rows), self.size), dtype=self.backend.dtype)
            if len(rows):
                derivatives = self.differentiator.local_jacobian(formula_of(self.system, "local_gaps"), parts, data)
                np.subtract.at(J, (np.arange(len(rows))[:, None], support), derivatives)
            return J
        if not self.system.along:
            return np.asarray(-self.differentiator.jacobian(self.gaps, w, self.data)[rows])
        if self.system.linear and self.constraints * self.size <= _BLOCK:
            if self._constant is None:
                self._constant = self._rows(w, np.arange(self.constraints))
            return np.asarray(self._constant[rows])
        return self._rows(w, rows)

    def _rows(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """Rows of the Jacobian, ``ROWS`` at once."""
        blocks = [
            -self.differentiator.jacobian(self.gaps, w, self._part(rows[start : start + ROWS]))
            for start in range(0, len(rows), ROWS)
        ]
        return np.concatenate(blocks) if blocks else np.zeros((0, self.size), dtype=self.backend.dtype)

    def damped_step(self, w: Array, damping: float) -> DampedStep:
        """The candidate w + s with (JᵀJ + λI) s = −JᵀΔ over the violated constraints, in the tangent space; retracted.

        Raises:
            BadInput: the loss is no sum of squares.
        """
        at = self._linearise(w)
        return self._evaluate_step(at, at.step(damping))

    def truncated_step(self, w: Array, damping: float, tolerance: float) -> DampedStep:
        """The damped step, from N = ``LARGE`` on with a residual up to ``tolerance`` of what it was for s = 0.

        Raises:
            BadInput: the loss is no sum of squares.
        """
        at = self._linearise(w)
        solution = at.krylov.solve_within(damping, tolerance, MOST) if tolerance and self.size >= LARGE else None
        return self.damped_step(w, damping) if solution is None else self._evaluate_step(at, solution[0])

    def _evaluate_step(self, at: _Linearisation, s: Array) -> DampedStep:
        candidate = self.retract(at.w + s)
        margins = self.margins(candidate)
        rest, count = at.delta + at.J @ s, 2 * self.constraints
        return DampedStep(
            w=candidate,
            loss=self.loss_of(margins),
            unsatisfied=int(np.count_nonzero(~self.loss.satisfied(margins))),
            predicted_decrease=(float(at.delta @ at.delta) - float(rest @ rest)) / count,
        )

    def hessian(self, w: Array) -> tuple[Array, Array]:
        """H0 = (1/M) Σ ℓ″ ∇Δ∇Δᵀ and Hp = (1/M) Σ ℓ′ ∇∇Δ, each (N, N), in the space around the sphere."""
        margins, size = self.margins(w), self.size
        if isinstance(self.system, LocalSystem):
            return self._local_hessians(w, margins)
        bends = self.loss.curvature(margins) / len(margins)
        H0 = np.zeros((size, size), dtype=margins.dtype)
        rows = np.flatnonzero(bends)
        step = max(1, _BLOCK // size)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            scaled = self.jacobian(w, part) * np.sqrt(bends[part])[:, None]
            H0 += scaled.T @ scaled
        Hp = np.zeros_like(H0) if self.system.linear else self._second_part(w, margins, np.eye(size))
        return H0, (Hp + Hp.T) / 2

    def _local_hessians(self, w: Array, margins: Array) -> tuple[Array, Array]:
        """H0 and Hp from the blocks (k, k) of every constraint in its support: (k/N)² of the work of full rows."""
        assert isinstance(self.system, LocalSystem)
        formula = formula_of(self.system, "local_gaps")
        bends, slopes = self.loss.curvature(margins) / len(margins), self.loss.slope(margins) / len(margins)
        rows = np.flatnonzero((bends != 0) | (slopes != 0))
        support, parts, data = self._local(w, rows)
        gradients: Array = np.zeros(support.shape)
        curvatures: Array = np.zeros((*support.shape, support.shape[1]))
        if len(rows):
            gradients = self.differentiator.local_jacobian(formula, parts, data)
            curvatures = -self.differentiator.local_hessian(formula, parts, data)
        places = (support[:, :, None] * self.size + support[:, None, :]).ravel()

        def assembled(blocks: Array) -> Array:
            total = np.bincount(places, blocks.ravel(), self.size**2).reshape(self.size, self.size)
            return np.asarray((total + total.T) / 2, dtype=margins.dtype)

        outer = gradients[:, :, None] * gradients[:, None, :]
        return (
            assembled(bends[rows, None, None] * outer),
            assembled(slopes[rows, None, None] * curvatures),
        )

    def hessian_vector(self, w: Array, v: Array) -> Array:
        """H v of shape (N, k) for v (N, k), with nothing of size N² in memory."""
        margins = self.margins(w)
        bends = self.loss.curvature(margins) / len(margins)
        rows = np.flatnonzero(bends)
        product = np.zeros((self.size, v.shape[1]), dtype=margins.dtype)
        step = max(1, _BLOCK // self.size)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            J = self.jacobian(w, part)
            product += J.T @ (bends[part, None] * (J @ v))
        return product if self.system.linear else product + self._second_part(w, margins, v)

    def hessian_eigenvalues(self, w: Array) -> tuple[Array, Array, Array]:
        """The sorted eigenvalues of H, H0 and Hp."""
        H0, Hp = self.hessian(w)
        return np.linalg.eigvalsh(H0 + Hp), np.linalg.eigvalsh(H0), np.linalg.eigvalsh(Hp)

    def tangent_kernel(self, w: Array, x1: Array, x2: Array) -> Array:
        """Θ = ∇f(x1) · ∇f(x2) of shape (M1, M2), where the system has outputs."""
        formula, jacobians = self._predictions(), []
        for x in (x1, x2):
            data = {**self.data, **self.differentiator.arrays({"x": x})}
            jacobians.append(self.differentiator.jacobian(formula, w, data))
        return np.asarray(jacobians[0] @ jacobians[1].T)

    @property
    def spheres(self) -> tuple[tuple[slice, float], ...]:
        """The parts of w that live on a sphere each, with its radius."""
        return self.system.spheres

    @property
    def matrix_free(self) -> bool:
        """False: a product with H takes the rows of J."""
        return False

    def _second_part(self, w: Array, margins: Array, v: Array) -> Array:
        slopes = self.loss.slope(margins) / len(margins)
        rows, data = self._pulling(slopes)
        if not len(rows):
            return np.zeros((self.size, v.shape[1]), dtype=margins.dtype)
        if isinstance(self.system, LocalSystem):
            support, parts, local = self._local(w, rows)
            bends = (
                self.differentiator.local_hessian(formula_of(self.system, "local_gaps"), parts, local)
                * slopes[rows, None, None]
            )
            product = np.zeros((self.size, v.shape[1]), dtype=margins.dtype)
            np.subtract.at(product, support, np.einsum("mij,mjc->mic", bends, v[support]))
            return product
        return -self.differentiator.bend(self.gaps, w, data, slopes[rows], v)

    def _local(self, w: Array, rows: NDArray[np.integer]) -> tuple[NDArray[np.intp], Array, Data]:
        """The support (n, k) of some constraints, the components of w there (n, k), and their data."""
        assert isinstance(self.system, LocalSystem)
        support = self._support[rows]
        return support, np.asarray(w, dtype=self.backend.dtype)[support], self._part(rows)

    @cached_property
    def _support(self) -> NDArray[np.intp]:
        assert isinstance(self.system, LocalSystem)
        return self.system.support()

    def _linearise(self, w: Array) -> _Linearisation:
        """What the next λ at the same w needs too."""
        if not self.loss.least_squares:
            raise BadInput(f"{type(self.loss).__name__} is no sum of squares: use a minimiser without damped steps.")
        if self._linear is None or not np.array_equal(self._linear.w, w):
            margins = self.margins(w)
            rows = np.flatnonzero(self.loss.curvature(margins))
            J, spheres = self.jacobian(w, rows), self.spheres
            if self.size < LARGE:
                J, spheres = self.tangent(w, J), ()
            self._linear = _Linearisation(np.array(w), margins[rows], J, spheres)
        return self._linear

    def _pulling(self, slopes: Array) -> tuple[NDArray[np.intp], Data]:
        """Which constraints pull at w, and their data; where none has data of its own, all or none of them."""
        rows = np.flatnonzero(slopes)
        if len(rows) and not self.system.along:
            rows = np.arange(len(slopes))
        return rows, self.data if len(rows) == len(slopes) else self._part(rows)

    def _part(self, rows: NDArray[np.integer]) -> Data:
        """The data of some constraints alone."""
        take = self.differentiator.namespace.take
        return {name: take(values, rows) if name in self.system.along else values for name, values in self.data.items()}
