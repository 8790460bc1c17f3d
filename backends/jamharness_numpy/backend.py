"""The backend and its problem: float64 or float32 on the CPU, formula by formula."""

from collections.abc import Mapping

import numpy as np
import scipy
from numpy.typing import NDArray

from jamharness.api import Array, Backend, Json, Network, Problem, QuadraticHinge, as_array
from jamharness_numpy.hessian import weighted_hessian
from jamharness_numpy.layers import backward, forward, output_jacobian
from jamharness_numpy.products import hessian_vector
from jamharness_numpy.systems import NumpyDifferentiator

_BLOCK = 1 << 25
"""Floats in the largest temporary array of a Hessian: 256 MiB in float64."""


class NumpyBackend(Backend):
    """NumPy on the CPU."""

    name = "numpy"
    capabilities = frozenset({"jacobian", "hessian", "hessian_eigenvalues", "hessian_vector", "tangent_kernel"})

    def network_problem(self, network: Network, x: Array, y: Array, loss: QuadraticHinge) -> "NumpyProblem":
        """A network on patterns x (P, d) with labels y (P,) of ±1, by closed forms."""
        return NumpyProblem(self, network, x, y, loss)

    def differentiator(self) -> NumpyDifferentiator:
        """Dual numbers."""
        return NumpyDifferentiator(self.dtype)

    def describe(self) -> Mapping[str, Json]:
        """Versions, device and dtype."""
        return {
            "backend": self.name, "numpy": np.__version__, "scipy": scipy.__version__,
            "device": self.device, "dtype": self.dtype, "threads": self.threads,
        }  # fmt: skip


class NumpyProblem(Problem):
    """Every quantity of the contract as its formula."""

    def _cast(self, w: Array) -> Array:
        return as_array(w, self.backend.dtype)

    def outputs(self, w: Array, x: Array) -> Array:
        """f(x; w), (M,)."""
        return forward(self.network, self._cast(w), self._cast(x)).outputs

    def margins(self, w: Array) -> Array:
        """Δ = κ − y f, (P,)."""
        return self.loss.margin - self.y * self.outputs(w, self.x)

    def loss_and_gradient(self, w: Array) -> tuple[float, Array]:
        """L and ∇L = −(1/P) Σ_{Δ>0} Δ y ∂f/∂w, layer by layer."""
        passed = forward(self.network, self._cast(w), self.x)
        hinge = np.maximum(self.loss.margin - self.y * passed.outputs, 0)
        pull = (-self.y * hinge / self.patterns)[:, None]
        parts = []
        for g, a in zip(backward(self.network, passed), passed.inputs, strict=True):
            parts.append(((pull * g).T @ a).ravel())
            if self.network.bias:
                parts.append((pull * g).sum(axis=0))
        return float(hinge @ hinge) / (2 * self.patterns), np.concatenate(parts)

    def jacobian(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∂Δ/∂w = −y ∂f/∂w for the given patterns."""
        passed = forward(self.network, self._cast(w), self.x[rows])
        return -self.y[rows, None] * output_jacobian(self.network, passed)

    def hessian(self, w: Array) -> tuple[Array, Array]:
        """H0 and Hp, summed over blocks of the unsatisfied patterns."""
        margins = self.margins(w)
        rows = np.flatnonzero(margins > 0)
        size, widest = self.network.size, max(out * (fan + 1) for out, fan in self.network.shapes)
        H0 = np.zeros((size, size), dtype=margins.dtype)
        Hp = np.zeros_like(H0)
        step = max(1, _BLOCK // max(size, widest, max(fan + 1 for _, fan in self.network.shapes) ** 2))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            J = self.jacobian(w, part)
            H0 += J.T @ J
            passed = forward(self.network, self._cast(w), self.x[part])
            Hp += weighted_hessian(self.network, passed, -self.y[part] * margins[part])
        return H0 / self.patterns, Hp / self.patterns

    def hessian_vector(self, w: Array, v: Array) -> Array:
        """H v for v (N, k), one vector after the other."""
        margins = self.margins(w)
        rows = np.flatnonzero(margins > 0)
        passed = forward(self.network, self._cast(w), self.x[rows])
        columns = [
            hessian_vector(self.network, passed, self.y[rows], margins[rows], self._cast(u), 1 / self.patterns)
            for u in v.T
        ]
        return np.stack(columns, axis=1)

    def hessian_eigenvalues(self, w: Array) -> tuple[Array, Array, Array]:
        """Sorted eigenvalues of H, H0 and Hp."""
        H0, Hp = self.hessian(w)
        return np.linalg.eigvalsh(H0 + Hp), np.linalg.eigvalsh(H0), np.linalg.eigvalsh(Hp)

    def tangent_kernel(self, w: Array, x1: Array, x2: Array) -> Array:
        """∇f(x1) · ∇f(x2)."""
        jacobians = [
            output_jacobian(self.network, forward(self.network, self._cast(w), self._cast(x))) for x in (x1, x2)
        ]
        return jacobians[0] @ jacobians[1].T
