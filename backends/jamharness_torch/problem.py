"""One network on one set of patterns, in PyTorch."""

from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jamharness.api import Array, DampedStep, Minibatch, Network, Optimizer, Problem, QuadraticHinge, State
from jamharness_torch import compiled
from jamharness_torch.damped import Linearisation
from jamharness_torch.descent import NAMES, Stepper
from jamharness_torch.gradient import add_gradient
from jamharness_torch.hessian import first_part, second_part
from jamharness_torch.layers import Pass, backward, forward, gram, output_jacobian, split
from jamharness_torch.products import Curvature
from jamharness_torch.symmetric import lower_gram

if TYPE_CHECKING:
    from jamharness_torch.backend import TorchBackend

_BLOCK = 1 << 25
"""Floats in the largest temporary array of a Hessian: 256 MiB in float64."""
_CACHE = 80_000
"""Floats in one layer's activations of the patterns that a thread takes at a time, for ∇L and products with H on a CPU:
640 KiB, so that the arrays in use stay in its cache. At P = 20 000 and h = 40, measured with one thread: 27 ms for ∇L,
and 30 in one piece; for H v at P = 15 500 and h = 62, 57 ms and 127."""
_FEWEST = 128
"""Patterns at a time, for products with several vectors."""


class TorchProblem(Problem):
    """The contract on tensors; patterns are copied to the device once and shared by ``restated`` problems."""

    def __init__(
        self, backend: "TorchBackend", network: Network, x: Array, y: Array, loss: QuadraticHinge,
        data: tuple[Tensor, Tensor, Tensor] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(backend, network, x, y, loss)
        self.tensor = backend.tensor
        self.data = data[:2] if data else (backend.tensor(self.x), backend.tensor(self.y))
        self.columns = data[2] if data else self.data[0].T.contiguous()
        self._last: tuple[Array, Linearisation] | None = None
        self._curved: tuple[Array, dict[torch.dtype, Curvature]] | None = None
        widest = max(network.inputs, *(out for out, _ in network.shapes))
        on_cpu = self.data[0].device.type == "cpu"
        self._rows = max(_CACHE // widest, 256) * torch.get_num_threads() if on_cpu else self.patterns

    def restated(self, network: Network, loss: QuadraticHinge) -> "TorchProblem":
        """The same tensors under another activation or margin."""
        return TorchProblem(
            cast("TorchBackend", self.backend), network, self.x, self.y, loss, (*self.data, self.columns)
        )

    def _forward(self, w: Tensor, x: Tensor) -> Pass:
        return forward(self.network, split(self.network, w), x)

    def _margins(self, passed: Pass) -> Tensor:
        return torch.sub(self.loss.margin, self.data[1] * passed.outputs)

    def outputs(self, w: Array, x: Array) -> Array:
        """f(x; w), (M,)."""
        return _numpy(self._forward(self.tensor(w), self.tensor(x)).outputs)

    def margins(self, w: Array) -> Array:
        """Δ = κ − y f, (P,)."""
        return _numpy(self._margins(self._forward(self.tensor(w), self.data[0])))

    def loss_and_gradient(self, w: Array) -> tuple[float, Array]:
        """L and ∇L; only unsatisfied patterns go through the backward pass."""
        at = self.tensor(w)
        gradient = torch.empty_like(at)
        loss, _ = self._gradient(at, gradient)
        return float(loss), _numpy(gradient)

    def _gradient(self, w: Tensor, out: Tensor) -> tuple[Tensor, int]:
        """Write ∇L into ``out``; return L on the device and N_Δ."""
        loss, count = w.new_zeros(()), 0
        out.zero_()
        for start in range(0, self.patterns, self._rows):
            block = slice(start, start + self._rows)
            x, y = self.columns[:, block], self.data[1][block]
            some, broken = add_gradient(self.network, w, x, y, self.loss.margin, self.patterns, out)
            loss, count = loss + some, count + broken
        return loss, count

    def descend(self, state: State, steps: int, optimizer: Optimizer) -> State:
        """Updates in place on the device, one synchronisation each to stop at N_Δ = 0; long runs are compiled.

        Rules that PyTorch has no update for, and those of other people, take the api's.
        """
        if isinstance(optimizer, Minibatch) and type(optimizer.rule) in NAMES:
            return self._descend_by_batches(state, steps, optimizer)
        if type(optimizer) not in NAMES:
            return super().descend(state, steps, optimizer)
        eager = max(0, min(steps, compiled.AFTER - state.step))
        if steps > eager and compiled.wanted(self.network, self.patterns, compiled.AFTER):
            before = self._descend(state, eager, optimizer)
            if before.step < state.step + eager:
                return before
            after = compiled.descend(
                self.network, before, steps - eager, optimizer, *self.data, margin=self.loss.margin
            )
            return after or self._descend(before, steps - eager, optimizer)
        return self._descend(state, steps, optimizer)

    def _descend(self, state: State, steps: int, optimizer: Optimizer) -> State:
        w = self.tensor(state.w)
        gradient = torch.empty_like(w)
        stepper = Stepper(optimizer, state, w)
        for _ in range(steps):
            if not self._gradient(w, gradient)[1]:
                break
            stepper.update(gradient)
        return stepper.state()

    def _descend_by_batches(self, state: State, steps: int, optimizer: Minibatch) -> State:
        w = self.tensor(state.w)
        gradient = torch.empty_like(w)
        stepper = Stepper(optimizer.rule, state, w)
        for _ in range(steps):
            self._batch_gradient(w, optimizer.rows(stepper.step, self.patterns), gradient)
            stepper.update(gradient)
        return stepper.state()

    def _batch_gradient(self, w: Tensor, rows: NDArray[np.integer], out: Tensor) -> None:
        chosen = torch.as_tensor(np.array(rows, dtype=np.int64), device=w.device)
        x, y = self.columns[:, chosen], self.data[1][chosen]
        out.zero_()
        add_gradient(self.network, w, x, y, self.loss.margin, len(y), out)

    def batch_gradient(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∇L of some patterns."""
        at = self.tensor(w)
        gradient = torch.empty_like(at)
        self._batch_gradient(at, rows, gradient)
        return _numpy(gradient)

    def jacobian(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∂Δ/∂w for the given patterns."""
        chosen = torch.as_tensor(np.array(rows, dtype=np.int64), device=self.data[0].device)
        passed = self._forward(self.tensor(w), self.data[0][chosen])
        return _numpy(output_jacobian(self.network, passed, backward(self.network, passed, -self.data[1][chosen])))

    def damped_step(self, w: Array, damping: float) -> DampedStep:
        """One candidate; a second λ at the same w reuses the linearisation."""
        return self.truncated_step(w, damping, 0.0)

    def truncated_step(self, w: Array, damping: float, tolerance: float) -> DampedStep:
        """One candidate, by conjugate gradients where a factorisation costs more."""
        at = self.tensor(w)
        if self._last is None or not np.array_equal(self._last[0], w):
            passed = self._forward(at, self.data[0])
            linear = Linearisation.at(self.network, passed, self.data[1], self._margins(passed))
            self._last = np.array(w), linear
        step, decrease = self._last[1].solve(damping, tolerance)
        at += step
        new = self._margins(self._forward(at, self.data[0]))
        positive = new[new > 0]
        return DampedStep(
            w=_numpy(at),
            loss=float(positive @ positive) / (2 * self.patterns),
            unsatisfied=len(positive),
            predicted_decrease=decrease / (2 * self.patterns),
        )

    def hessian(self, w: Array) -> tuple[Array, Array]:
        """H0 and Hp by matrix products; beside them, memory for a part of an (N, N) array."""
        H0, Hp = self._hessian(w)
        return _numpy(H0), _numpy(Hp)

    def _hessian(self, w: Array) -> tuple[Tensor, Tensor]:
        some, y, delta = self._unsatisfied(self.tensor(w))
        H0 = first_part(self.network, some).div_(self.patterns)
        return H0, second_part(self.network, some, -y * delta / self.patterns)

    def _unsatisfied(self, w: Tensor) -> tuple[Pass, Tensor, Tensor]:
        """The pass, y and Δ of the unsatisfied patterns alone."""
        passed = self._forward(w, self.data[0])
        margins = self._margins(passed)
        rows = torch.nonzero(margins > 0).squeeze(1)
        return passed.rows(rows), self.data[1][rows], margins[rows]

    def hessian_vector(self, w: Array, v: Array) -> Array:
        """H v for v (N, k), in blocks of patterns and of vectors: no array of N × N, nor of k P h.

        What does not depend on v, arrays of P h, is kept for the next product at the same w. For a v of float32 it is
        rounded to that, and products are made in it.
        """
        own = self.data[0].dtype
        if self._curved is None or not np.array_equal(self._curved[0], w):
            unsatisfied = self._unsatisfied(self.tensor(w))
            self._curved = np.array(w), {own: Curvature.at(self.network, *unsatisfied, 1 / self.patterns)}
        columns = torch.from_numpy(np.array(v.T, order="C")).to(self.data[0].device)
        columns = columns if v.dtype == np.float32 else columns.to(own)
        if columns.dtype not in self._curved[1]:
            self._curved[1][columns.dtype] = self._curved[1][own].to(columns.dtype)
        curvature = self._curved[1][columns.dtype]
        products = torch.zeros_like(columns)
        widest = max(self.network.inputs, *(out for out, _ in self.network.shapes))
        several = max(1, _BLOCK // (16 * max(self.network.size, widest)))
        together = min(several, max(1, len(columns)))
        step = min(max(1, _BLOCK // (16 * widest * together)), max(_FEWEST, self._rows // together))
        count = len(curvature.passed.outputs)
        for part in (slice(start, start + step) for start in range(0, count, step)):
            some = curvature.rows(part)
            for start in range(0, len(columns), several):
                block = slice(start, start + several)
                products[block] += some.times(columns[block])
        return _numpy(products.T.contiguous().to(own))

    def hessian_eigenvalues(self, w: Array) -> tuple[Array, Array, Array]:
        """Sorted eigenvalues of H, H0 and Hp, on the device; at most three (N, N) arrays in memory."""
        some, y, delta = self._unsatisfied(self.tensor(w))
        first, H0 = self._first_spectrum(some), first_part(self.network, some).div_(self.patterns)
        if first is None:
            first = torch.linalg.eigvalsh(H0)
        Hp = second_part(self.network, some, -y * delta / self.patterns)
        second = torch.linalg.eigvalsh(Hp)
        H0 += Hp
        del Hp
        return _numpy(torch.linalg.eigvalsh(H0)), _numpy(first), _numpy(second)

    def _first_spectrum(self, some: Pass) -> Tensor | None:
        """Eigenvalues of H0 for n < N: those of JJᵀ / P, and N − n exact zeros. Otherwise None."""
        n, size = len(some.outputs), self.network.size
        if n >= size:
            return None
        signals = backward(self.network, some, torch.ones_like(some.outputs))
        eigenvalues = torch.linalg.eigvalsh(lower_gram(self.network, some, signals)) / self.patterns
        return torch.cat([eigenvalues, eigenvalues.new_zeros(size - n)]).sort().values

    def tangent_kernel(self, w: Array, x1: Array, x2: Array) -> Array:
        """∇f(x1) · ∇f(x2), layer by layer, without the Jacobians."""
        at = self.tensor(w)
        passes = [self._forward(at, self.tensor(x)) for x in (x1, x2)]
        one, two = ((p, backward(self.network, p, torch.ones_like(p.outputs))) for p in passes)
        return _numpy(gram(self.network, one, two))


def _numpy(tensor: Tensor) -> Array:
    return np.asarray(tensor.cpu().numpy())
