"""One network on one set of patterns, in TensorFlow."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from jamharness.api import Array, DampedStep, Network, Optimizer, Problem, QuadraticHinge, State
from jamharness.api.krylov import BEGIN, LARGE
from jamharness_tensorflow.damped import Linearisation
from jamharness_tensorflow.descent import NAMES, constants, moments_of
from jamharness_tensorflow.layers import Pass
from jamharness_tensorflow.program import program

if TYPE_CHECKING:
    from jamharness_tensorflow.backend import TensorFlowBackend

_BLOCK = 1 << 25
"""Floats in the largest temporary array of a Hessian: 256 MiB in float64."""
_ROWS = 2048
"""Patterns taken at a time for a Hessian."""


class TensorFlowProblem(Problem):
    """The contract on tensors; patterns are copied to the device once and shared by ``restated`` problems."""

    def __init__(
        self, backend: "TensorFlowBackend", network: Network, x: Array, y: Array, loss: QuadraticHinge,
        data: tuple[tf.Tensor, tf.Tensor] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(backend, network, x, y, loss)
        self.tensor, self.on_device = backend.tensor, backend.on_device
        self.data = data or (backend.tensor(self.x), backend.tensor(self.y))
        sharpless = replace(network, activation=network.nonlinearity.name)
        self.program = program(sharpless, backend.device, backend.dtype)
        self.beta = backend.tensor(network.nonlinearity.beta)
        self.kappa = backend.tensor(loss.margin)
        self._last: Array | None = None
        self._linearised: Linearisation | None = None
        self._iterated = False

    def restated(self, network: Network, loss: QuadraticHinge) -> "TensorFlowProblem":
        """The same tensors under another activation or margin."""
        return TensorFlowProblem(cast("TensorFlowBackend", self.backend), network, self.x, self.y, loss, self.data)

    def outputs(self, w: Array, x: Array) -> Array:
        """f(x; w), (M,)."""
        with self.on_device():
            return _numpy(self.program.outputs(self.tensor(w), self.tensor(x), self.beta))

    def margins(self, w: Array) -> Array:
        """Δ = κ − y f, (P,)."""
        with self.on_device():
            return _numpy(self._margins(self.tensor(w)))

    def _margins(self, w: tf.Tensor) -> tf.Tensor:
        return self.program.margins(w, *self.data, self.kappa, self.beta)

    def loss_and_gradient(self, w: Array) -> tuple[float, Array]:
        """L and ∇L; only unsatisfied patterns go through the backward pass."""
        with self.on_device():
            loss, gradient = self.program.loss_and_gradient(self.tensor(w), *self.data, self.kappa, self.beta)
            return float(loss), _numpy(gradient)

    def descend(self, state: State, steps: int, optimizer: Optimizer) -> State:
        """One compiled loop over all updates; by the api's own for minibatches, noise, and rules of other people."""
        if type(optimizer) not in NAMES:
            return super().descend(state, steps, optimizer)
        rule = constants(optimizer)
        with self.on_device():
            memory = moments_of(optimizer, state, self.backend.dtype)
            w, moments, step = self.program.descend_with(type(optimizer))(
                self.tensor(state.w), tuple(tf.constant(each) for each in memory),
                tf.constant(state.step, tf.int64), tf.constant(steps, tf.int64), tf.constant(rule),
                *self.data, self.kappa, self.beta,
            )  # fmt: skip
            named = zip(NAMES[type(optimizer)], moments, strict=True)
            return State(w=_numpy(w), step=int(step), moments={name: _numpy(moment) for name, moment in named})

    def batch_gradient(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∇L of some patterns; traced once for each number of them."""
        with self.on_device():
            x, y = (tf.gather(values, np.array(rows, dtype=np.int64)) for values in self.data)
            return _numpy(self.program.loss_and_gradient(self.tensor(w), x, y, self.kappa, self.beta)[1])

    def jacobian(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∂Δ/∂w for the given patterns."""
        with self.on_device():
            x, y = (tf.gather(values, np.array(rows, dtype=np.int64)) for values in self.data)
            return _numpy(self.program.jacobian(self.tensor(w), x, y, self.beta))

    def damped_step(self, w: Array, damping: float) -> DampedStep:
        """One candidate."""
        return self.truncated_step(w, damping, 0.0)

    def truncated_step(self, w: Array, damping: float, tolerance: float) -> DampedStep:
        """One candidate, by conjugate gradients where a factorisation costs more; on the CPU in one call.

        A second λ at the same w then begins anew: calls and their arguments cost more than what they would share.
        """
        with self.on_device():
            at = self.tensor(w)
            again = self._last is not None and np.array_equal(self._last, w)
            if not again:
                self._last, self._linearised, self._iterated = np.array(w), None, False
            if self._linearised is None and self.network.size < LARGE and self.backend.device == "cpu":
                arguments = self.tensor(damping), self.tensor(tolerance), tf.constant(BEGIN if self._iterated else 1)
                self._iterated = self._iterated or tolerance > 0
                candidate, numbers = self.program.whole_step(at, *self.data, self.kappa, self.beta, *arguments)
                decrease, squares, unsatisfied = _numpy(numbers).tolist()
                if np.isfinite(decrease):
                    return self._step(candidate, squares, int(unsatisfied), decrease)
            if self._linearised is None:
                expansion = self.program.linearise(at, *self.data, self.kappa, self.beta)
                self._linearised = Linearisation(self.program, expansion)
            step, decrease = self._linearised.solve(damping, tolerance)
            candidate = at + step
            hinge = np.maximum(_numpy(self._margins(candidate)), 0)
        return self._step(candidate, float(hinge @ hinge), int(np.count_nonzero(hinge)), decrease)

    def _step(self, candidate: tf.Tensor, squares: float, unsatisfied: int, decrease: float) -> DampedStep:
        return DampedStep(
            w=_numpy(candidate),
            loss=squares / (2 * self.patterns),
            unsatisfied=unsatisfied,
            predicted_decrease=decrease / (2 * self.patterns),
        )

    def hessian(self, w: Array) -> tuple[Array, Array]:
        """H0 and Hp, summed over blocks of unsatisfied patterns."""
        with self.on_device():
            H0, Hp = self._hessian(w)
            return _numpy(H0), _numpy(Hp)

    def _hessian(self, w: Array) -> tuple[tf.Tensor, tf.Tensor]:
        some, y, delta = self.program.unsatisfied(self.tensor(w), *self.data, self.kappa, self.beta)
        return self._first_part(some), self._second_part(some, -y * delta / self.patterns)

    def _first_part(self, some: Pass) -> tf.Tensor:
        panels = self._summed(lambda *ends: self.program.first_panels(some, self.beta, *ends), some)
        return self.program.mirrored(panels) / self.patterns

    def _second_part(self, some: Pass, coefficients: tf.Tensor) -> tf.Tensor:
        sums = self._summed(lambda *ends: self.program.second_sums(some, coefficients, self.beta, *ends), some)
        return self.program.second_part(sums, coefficients)

    def _summed(self, call: Callable[[tf.Tensor, tf.Tensor], Any], some: Pass) -> Any:
        """The sum of nested tensors over blocks of patterns; one call even where there is no pattern."""
        n = int(some.outputs.shape[0])
        total = None
        for start in range(0, max(n, 1), _ROWS):
            more = call(tf.constant(start), tf.constant(min(n, start + _ROWS)))
            total = more if total is None else tf.nest.map_structure(tf.add, total, more)
        return total

    def hessian_vector(self, w: Array, v: Array) -> Array:
        """H v for v (N, k), in blocks of patterns and of vectors: no array of N × N, nor of k P h."""
        with self.on_device():
            at, columns = self.tensor(w), self.tensor(np.ascontiguousarray(v.T))
            margins = self._margins(at)
            rows = tf.where(margins > 0)[:, 0]
            widest = max(self.network.inputs, *(out for out, _ in self.network.shapes))
            count = int(columns.shape[0])
            several = max(1, _BLOCK // (16 * max(self.network.size, widest)))
            step = max(1, _BLOCK // (16 * widest * min(several, max(1, count))))
            scale, products = self.tensor(1 / self.patterns), []
            for start in range(0, count, several):
                block = columns[start : start + several]
                total = tf.zeros_like(block)
                for first in range(0, int(tf.size(rows)), step):
                    part = rows[first : first + step]
                    x, y, delta = (tf.gather(values, part) for values in (*self.data, margins))
                    total += self.program.hessian_vectors(at, x, y, delta, block, scale, self.beta)
                products.append(total)
            return _numpy(tf.transpose(tf.concat(products, axis=0)))

    def hessian_eigenvalues(self, w: Array) -> tuple[Array, Array, Array]:
        """Sorted eigenvalues of H, H0 and Hp, on the device; a few (N, N) arrays in memory."""
        with self.on_device():
            some, y, delta = self.program.unsatisfied(self.tensor(w), *self.data, self.kappa, self.beta)
            H0 = self._first_part(some)
            first = self._first_spectrum(some)
            if first is None:
                first = self._eigenvalues(H0)
            Hp = self._second_part(some, -y * delta / self.patterns)
            second = self._eigenvalues(Hp)
            H = H0 + Hp
            del H0, Hp
            return self._eigenvalues(H), first, second

    def _first_spectrum(self, some: Pass) -> Array | None:
        """Eigenvalues of H0 for n < N: those of JJᵀ / P, and N − n exact zeros. Otherwise None."""
        n, size = int(some.outputs.shape[0]), self.network.size
        if n >= size:
            return None
        eigenvalues = self._eigenvalues(self.program.gram(some, self.beta)) / self.patterns
        return np.sort(np.concatenate([eigenvalues, np.zeros(size - n, eigenvalues.dtype)]))

    def _eigenvalues(self, H: tf.Tensor) -> Array:
        """LAPACK's by NumPy on the CPU, where TensorFlow's own solver takes 2.2 times as long at N = 2121."""
        return np.linalg.eigvalsh(_numpy(H)) if self.backend.device == "cpu" else _numpy(tf.linalg.eigvalsh(H))

    def tangent_kernel(self, w: Array, x1: Array, x2: Array) -> Array:
        """∇f(x1) · ∇f(x2), layer by layer, without the Jacobians."""
        with self.on_device():
            return _numpy(self.program.kernel(self.tensor(w), self.tensor(x1), self.tensor(x2), self.beta))


def _numpy(tensor: tf.Tensor) -> Array:
    return np.array(tensor)
