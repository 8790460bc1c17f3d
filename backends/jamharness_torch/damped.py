"""One Levenberg–Marquardt candidate, by the cheaper of two systems.

Over the n unsatisfied patterns, the step (JᵀJ + λI) s = −JᵀΔ of N unknowns equals s = −Jᵀ z with (JJᵀ + λI) z = Δ of n.
JJᵀ is the tangent kernel, a sum over layers of elementwise products of two small Gram matrices, so the dual system
needs no Jacobian at all: n² Σ(in + out) operations instead of n² N.
"""

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from jamharness.api import Array, Network
from jamharness.api.krylov import MOST, Bidiagonalisation, vectors_worth
from jamharness_torch.layers import Pass, backward, output_jacobian, pull_back, split
from jamharness_torch.symmetric import add_square, lower_gram

_BLOCK = 1 << 24
"""Floats in one block of the Jacobian: 128 MiB in float64."""


@dataclass(kw_only=True, eq=False)
class Linearisation:
    """The margins of the unsatisfied patterns to first order at one w; factors for several λ share it.

    Arguments:
        network: the network.
        passed: forward pass of the n unsatisfied patterns.
        signals: −y ∂f/∂z_l for them: J = signals ⊗ inputs.
        delta: Δ > 0, (n,).
    """

    network: Network
    passed: Pass
    signals: list[Tensor]
    delta: Tensor
    dual: Tensor | None = None
    primal: tuple[Tensor, Tensor] | None = None
    krylov: Bidiagonalisation | None = None

    @classmethod
    def at(cls, network: Network, passed: Pass, y: Tensor, margins: Tensor) -> "Linearisation":
        """Keep what the unsatisfied patterns of a full pass need."""
        rows = torch.nonzero(margins > 0).squeeze(1)
        some = passed.rows(rows)
        return cls(network=network, passed=some, signals=backward(network, some, -y[rows]), delta=margins[rows])

    def solve(self, damping: float, tolerance: float = 0.0) -> tuple[Tensor, float]:
        """The step s (N,) and the decrease |Δ|² − |Δ + J s|² that it promises.

        Arguments:
            damping: λ.
            tolerance: of the relative residual of the normal equations, where a Krylov space reaches it for less than
                solving them in full costs; 0 always solves in full.
        """
        n, size = len(self.delta), self.network.size
        widths = sum(out + fan for out, fan in self.network.shapes)
        dual, primal = n * n * widths + n**3 / 3, n * size**2 + size**3 / 3
        if tolerance and (most := vectors_worth(n, size, min(dual, primal))):
            solution = self.solve_iteratively(damping, tolerance, most)
            if solution is not None:
                return solution
        cheaper = dual < primal
        if n <= size or (cheaper and damping > self._rounding()):
            solution = self._solve_dual(damping)
        else:
            solution = self._solve_primal(damping)
        return self._solve_stacked(damping) if solution is None else solution

    def solve_iteratively(self, damping: float, tolerance: float, most: int = MOST) -> tuple[Tensor, float] | None:
        """The step to a tolerance, by products with J and Jᵀ alone; None where that takes more than ``most`` vectors.

        The Krylov space serves every λ.
        """
        if self.krylov is None:
            at = replace(self)  # and not self: in a cycle, its tensors would stay in memory until it is collected
            self.krylov = Bidiagonalisation(
                lambda v: _numpy(at._times(at._like(v))), lambda u: _numpy(at._transposed(at._like(u))),
                _numpy(at.delta),
            )  # fmt: skip
        solution = self.krylov.solve_within(damping, tolerance, most)
        return None if solution is None else (self._like(solution[0]), solution[1])

    def _like(self, values: Array) -> Tensor:
        return torch.as_tensor(values, dtype=self.delta.dtype, device=self.delta.device)

    def _times(self, v: Tensor) -> Tensor:
        """J v, (n,), for v (N,): one product per layer."""
        product = torch.zeros_like(self.delta)
        for (V, b), g, a in zip(split(self.network, v), self.signals, self.passed.inputs, strict=True):
            product.add_((functional.linear(a, V, b) * g).sum(dim=1))
        return product

    def _transposed(self, u: Tensor) -> Tensor:
        """Jᵀ u, (N,), for u (n,)."""
        weighted = [g * u.unsqueeze(1) for g in self.signals]
        return pull_back(self.network, self.passed, weighted, u.new_empty(self.network.size))

    def _rounding(self) -> float:
        """Below this λ the dual of a tall J loses half of all digits: its null space is divided by λ."""
        trace = sum(
            float((g.square().sum(1) * (a.square().sum(1) + (1.0 if self.network.bias else 0.0))).sum())
            for g, a in zip(self.signals, self.passed.inputs, strict=True)
        )
        return 0.1 * sqrt(torch.finfo(self.delta.dtype).eps) * trace

    def _solve_dual(self, damping: float) -> tuple[Tensor, float] | None:
        if self.dual is None:
            self.dual = lower_gram(self.network, self.passed, self.signals)  # a factorisation reads no more
        shifted = self.dual.clone()
        shifted.diagonal().add_(damping)
        factor, info = torch.linalg.cholesky_ex(shifted)
        if int(info):
            return None
        z = torch.cholesky_solve(self.delta.unsqueeze(1), factor).squeeze(1)
        signals = [g * z.unsqueeze(1) for g in self.signals]
        step = pull_back(self.network, self.passed, signals, z.new_empty(self.network.size)).neg_()
        return step, float(self.delta @ self.delta - damping**2 * (z @ z))  # Δ + J s = λ z

    def _solve_primal(self, damping: float) -> tuple[Tensor, float] | None:
        A, b = self._normal_equations()
        shifted = A.clone()
        shifted.diagonal().add_(damping)
        factor, info = torch.linalg.cholesky_ex(shifted)
        if int(info):
            return None
        step = torch.cholesky_solve(b.unsqueeze(1), factor).squeeze(1).neg_()
        return step, float(damping * (step @ step) - step @ b)  # s A s = −s b − λ s s

    def _normal_equations(self) -> tuple[Tensor, Tensor]:
        """JᵀJ (N, N), its lower triangle alone, and JᵀΔ (N,), in blocks of patterns: no array of n × N."""
        if self.primal is None:
            size = self.network.size
            A, b = self.delta.new_zeros((size, size)), self.delta.new_zeros(size)
            rows = max(1, _BLOCK // size)
            for start in range(0, len(self.delta), rows):
                J = self._jacobian(slice(start, start + rows))
                add_square(A, J)
                b.addmv_(J.T, self.delta[start : start + rows])
            self.primal = A, b
        return self.primal

    def _part(self, rows: slice) -> Pass:
        return Pass(
            weights=self.passed.weights,
            inputs=[a[rows] for a in self.passed.inputs],
            preactivations=[],
            outputs=self.passed.outputs[rows],
        )

    def _jacobian(self, rows: slice) -> Tensor:
        return output_jacobian(self.network, self._part(rows), [g[rows] for g in self.signals])

    def _solve_stacked(self, damping: float) -> tuple[Tensor, float]:
        """QR of [J; √λ I]: for a λ so small that the squared system is not positive definite in floating point."""
        J = self._jacobian(slice(None))
        size = self.network.size
        stacked = torch.cat([J, sqrt(damping) * torch.eye(size, dtype=J.dtype, device=J.device)])
        q, r = torch.linalg.qr(stacked)
        step = torch.linalg.solve_triangular(r, -(q[: len(J)].T @ self.delta).unsqueeze(1), upper=True).squeeze(1)
        rest = self.delta + J @ step
        return step, float(self.delta @ self.delta - rest @ rest)


def _numpy(tensor: Tensor) -> Array:
    return np.asarray(tensor.cpu().numpy())
