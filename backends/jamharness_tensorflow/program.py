"""The graphs of one network, each traced once: shapes of w are fixed, numbers of patterns, β and κ are arguments."""

from collections.abc import Callable
from functools import lru_cache
from math import sqrt
from typing import Any

import tensorflow as tf

from jamharness.api import Network, krylov
from jamharness_tensorflow.descent import Memory, loop
from jamharness_tensorflow.hessian import Sums, second_part, second_sums
from jamharness_tensorflow.krylov import solve_in_graph
from jamharness_tensorflow.layers import Pass, backward, forward, gram, output_jacobian, pull_back, split
from jamharness_tensorflow.products import hessian_vectors
from jamharness_tensorflow.symmetric import lower, mirrored, square_panels

SIDE = 1024
"""Side of the blocks of a symmetric matrix of which the lower triangle is computed: half the work for large ones."""
BLOCK = 1 << 24
"""Floats in one block of the Jacobian: 128 MiB in float64."""
UNROLLED = 4
"""Krylov vectors made by one call, which alone costs 0.1 ms."""
Signals = tuple[tf.Tensor, ...]


class Program:
    """The functions of one network in one dtype; β and κ are scalars, x is (M, d), y (M,), w (N,).

    Arguments:
        network: its shapes, biases and the name of its activation; the sharpness is an argument.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        traced: Callable[[Any], Any] = tf.function(reduce_retracing=True, autograph=False)
        self.outputs = traced(self._outputs)
        self.margins = traced(self._margins)
        self.loss_and_gradient = traced(self._loss_and_gradient)
        self.jacobian = traced(self._jacobian)
        self.linearise = traced(self._linearise)
        self.dual = traced(self._dual)
        self.solve_dual = traced(self._solve_dual)
        self.normal_equations = traced(self._normal_equations)
        self.solve_primal = traced(self._solve_primal)
        self.solve_stacked = traced(self._solve_stacked)
        self.whole_step = traced(self._whole_step)
        self.times = traced(self._times)
        self.transposed = traced(self._transposed)
        self.bidiagonalise = traced(self._bidiagonalise)
        self.unsatisfied = traced(self._unsatisfied)
        self.first_panels = traced(self._first_panels)
        self.mirrored = traced(mirrored)
        self.gram = traced(self._gram)
        self.second_sums = traced(self._second_sums)
        self.second_part = traced(self._second_part)
        self.hessian_vectors = traced(self._hessian_vectors)
        self.kernel = traced(self._kernel)
        # XLA compiles for each number of patterns: worth it for a loop of thousands of updates only.
        self.descend: dict[type, Any] = {}

    def descend_with(self, kind: type) -> Any:
        """The compiled loop of an optimizer."""
        if kind not in self.descend:

            def run(
                w: tf.Tensor, memory: Memory, step: tf.Tensor, steps: tf.Tensor, rule: tf.Tensor,
                x: tf.Tensor, y: tf.Tensor, margin: tf.Tensor, beta: tf.Tensor,
            ) -> Any:  # fmt: skip
                def gradient(w: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                    _, slope, unsatisfied = self._masked(w, x, y, margin, beta)
                    return slope, unsatisfied

                return loop(kind, gradient, w, memory, step, steps, rule)

            self.descend[kind] = tf.function(run, autograph=False, jit_compile=True)
        return self.descend[kind]

    def _outputs(self, w: tf.Tensor, x: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        return forward(self.network, beta, w, x).outputs

    def _margins(self, w: tf.Tensor, x: tf.Tensor, y: tf.Tensor, margin: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        return margin - y * self._outputs(w, x, beta)

    def _masked(self, w: tf.Tensor, x: tf.Tensor, y: tf.Tensor, margin: tf.Tensor, beta: tf.Tensor) -> Any:
        """L, ∇L and N_Δ with fixed shapes: satisfied patterns go along with weight zero."""
        passed = forward(self.network, beta, w, x)
        hinge = tf.nn.relu(margin - y * passed.outputs)
        patterns = tf.cast(tf.size(y), w.dtype)
        seed = -y * hinge / patterns
        slope = pull_back(self.network, passed, backward(self.network, beta, passed, seed))
        return tf.reduce_sum(tf.square(hinge)) / (2 * patterns), slope, tf.math.count_nonzero(hinge)

    def _unsatisfied(
        self, w: tf.Tensor, x: tf.Tensor, y: tf.Tensor, margin: tf.Tensor, beta: tf.Tensor
    ) -> tuple[Pass, tf.Tensor, tf.Tensor]:
        """The pass, y and Δ of the unsatisfied patterns alone."""
        passed = forward(self.network, beta, w, x)
        margins = margin - y * passed.outputs
        rows = tf.where(margins > 0)[:, 0]
        return passed.rows(rows), tf.gather(y, rows), tf.gather(margins, rows)

    def _loss_and_gradient(
        self, w: tf.Tensor, x: tf.Tensor, y: tf.Tensor, margin: tf.Tensor, beta: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        some, signs, delta = self._unsatisfied(w, x, y, margin, beta)
        patterns = tf.cast(tf.size(y), w.dtype)
        signals = backward(self.network, beta, some, -signs * delta / patterns)
        return tf.reduce_sum(tf.square(delta)) / (2 * patterns), pull_back(self.network, some, signals)

    def _jacobian(self, w: tf.Tensor, x: tf.Tensor, y: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        passed = forward(self.network, beta, w, x)
        return output_jacobian(self.network, passed, backward(self.network, beta, passed, -y))

    def _linearise(
        self, w: tf.Tensor, x: tf.Tensor, y: tf.Tensor, margin: tf.Tensor, beta: tf.Tensor
    ) -> tuple[Pass, Signals, tf.Tensor, tf.Tensor]:
        """Pass, signals −y ∂f/∂z_l and Δ of the unsatisfied patterns, and tr JᵀJ."""
        some, signs, delta = self._unsatisfied(w, x, y, margin, beta)
        signals = backward(self.network, beta, some, -signs)
        bias = 1.0 if self.network.bias else 0.0
        trace = tf.add_n([
            tf.reduce_sum(tf.reduce_sum(tf.square(g), 1) * (tf.reduce_sum(tf.square(a), 1) + bias))
            for g, a in zip(signals, some.inputs, strict=True)
        ])  # fmt: skip
        return some, signals, delta, trace

    def _dual(self, some: Pass, signals: Signals, start: tf.Tensor, stop: tf.Tensor) -> tf.Tensor:
        """Rows ``start`` to ``stop`` of the lower triangle of JJᵀ, (stop − start, n), with zeros on the right."""
        rows, columns = (_some(some, signals, begin, stop) for begin in (start, tf.constant(0)))
        return tf.pad(gram(self.network, rows, columns), [[0, 0], [0, tf.shape(signals[0])[0] - stop]])

    def _solve_dual(
        self, dual: tf.Tensor, damping: tf.Tensor, some: Pass, signals: Signals, delta: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The step s = −Jᵀ z with (JJᵀ + λI) z = Δ; NaN where the factorisation fails."""
        factor = tf.linalg.cholesky(tf.linalg.set_diag(dual, tf.linalg.diag_part(dual) + damping))
        z = tf.linalg.cholesky_solve(factor, delta[:, tf.newaxis])
        step = -pull_back(self.network, some, tuple(g * z for g in signals))
        # Δ + J s = λ z
        return step, tf.reduce_sum(tf.square(delta)) - tf.square(damping) * tf.reduce_sum(tf.square(z))

    def _normal_equations(
        self, some: Pass, signals: Signals, delta: tf.Tensor, start: tf.Tensor, stop: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The lower triangle of JᵀJ, which a factorisation reads, and JᵀΔ, of a block of patterns."""
        J = self._block(some, signals, start, stop)
        return lower(square_panels(J, self.network.size)), tf.linalg.matvec(J, delta[start:stop], transpose_a=True)

    def _block(self, some: Pass, signals: Signals, start: tf.Tensor, stop: tf.Tensor) -> tf.Tensor:
        return output_jacobian(self.network, *_some(some, signals, start, stop))

    def _solve_primal(self, A: tf.Tensor, b: tf.Tensor, damping: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """(JᵀJ + λI) s = −JᵀΔ; NaN where the factorisation fails."""
        factor = tf.linalg.cholesky(tf.linalg.set_diag(A, tf.linalg.diag_part(A) + damping))
        step = -tf.linalg.cholesky_solve(factor, b[:, tf.newaxis])[:, 0]
        return step, damping * tf.tensordot(step, step, 1) - tf.tensordot(step, b, 1)  # s A s = −s b − λ s s

    def _solve_stacked(
        self, some: Pass, signals: Signals, delta: tf.Tensor, damping: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """QR of [J; √λ I]: for a λ so small that the squared system is not positive definite in floating point."""
        J = self._block(some, signals, tf.constant(0), tf.size(delta))
        identity = tf.eye(self.network.size, dtype=J.dtype)
        q, r = tf.linalg.qr(tf.concat([J, tf.sqrt(damping) * identity], axis=0))
        right = -tf.linalg.matvec(q[: tf.size(delta)], delta, transpose_a=True)
        step = tf.linalg.triangular_solve(r, right[:, tf.newaxis], lower=False)[:, 0]
        rest = delta + tf.linalg.matvec(J, step)
        return step, tf.reduce_sum(tf.square(delta)) - tf.reduce_sum(tf.square(rest))

    def _whole_step(
        self, w: tf.Tensor, x: tf.Tensor, y: tf.Tensor, margin: tf.Tensor, beta: tf.Tensor, damping: tf.Tensor,
        tolerance: tf.Tensor, begin: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
        """The candidate w + s (N,), and the promised decrease of |Δ|², |Δ|² there and N_Δ there, (3,).

        By the rules of ``Linearisation.solve``. The decrease is NaN where the step is left to that: where a tolerance
        was not reached, a factorisation failed, or a matrix would take several blocks.
        """
        some, signals, delta, trace = self._linearise(w, x, y, margin, beta)
        size, n = self.network.size, tf.size(delta)
        count = tf.cast(n, tf.float64)
        by_dual, by_primal = operations(self.network, count)
        iterative = (tolerance > 0) & (krylov.ITERATIONS * count * size < tf.minimum(by_dual, by_primal))
        dual = (n <= size) | ((by_dual < by_primal) & (damping > rounding(trace, w.dtype)))
        in_full = tf.where(dual, tf.where((n > 0) & (n <= SIDE), 1, 3), tf.where(count * size <= BLOCK, 2, 3))
        step, decrease = tf.switch_case(
            tf.where((n > 0) & iterative, 0, in_full),
            [
                lambda: solve_in_graph(
                    lambda v: self._times(v, some, signals), lambda u: self._transposed(u, some, signals), delta,
                    damping, tolerance, begin,
                ),
                lambda: self._solve_dual(self._dual(some, signals, 0, n), damping, some, signals, delta),
                lambda: self._solve_primal(*self._normal_equations(some, signals, delta, 0, n), damping),
                lambda: (tf.zeros_like(w), tf.constant(float("nan"), w.dtype)),
            ],
        )  # fmt: skip
        candidate = w + step
        hinge = tf.nn.relu(self._margins(candidate, x, y, margin, beta))
        unsatisfied = tf.cast(tf.math.count_nonzero(hinge), w.dtype)
        return candidate, tf.stack([decrease, tf.reduce_sum(tf.square(hinge)), unsatisfied])

    def _times(self, v: tf.Tensor, some: Pass, signals: Signals) -> tf.Tensor:
        """J v, (n,): one product per layer."""
        terms = []
        for (V, b), g, a in zip(split(self.network, v), signals, some.inputs, strict=True):
            z = tf.matmul(a, V, transpose_b=True)
            terms.append(tf.reduce_sum((z if b is None else z + b) * g, axis=1))
        return tf.add_n(terms)

    def _transposed(self, u: tf.Tensor, some: Pass, signals: Signals) -> tf.Tensor:
        """Jᵀ u, (N,)."""
        return pull_back(self.network, some, tuple(g * u[:, tf.newaxis] for g in signals))

    def _bidiagonalise(
        self, V: tf.Tensor, u: tf.Tensor, alpha: tf.Tensor, some: Pass, signals: Signals
    ) -> tuple[tf.Tensor, ...]:
        """Several Golub–Kahan steps: what ``jamharness.api.krylov`` asks of ``several``."""
        norms: list[tuple[tf.Tensor, ...]] = []
        rows = []
        for _ in range(UNROLLED):
            u = self._times(V[-1], some, signals) - alpha * u
            beta = tf.norm(u)
            u = tf.math.divide_no_nan(u, beta)
            v = self._transposed(u, some, signals)
            before = tf.norm(v)
            for _ in range(2):
                v -= tf.linalg.matvec(V, tf.linalg.matvec(V, v), transpose_a=True)
            alpha = tf.norm(v)
            rows.append(tf.math.divide_no_nan(v, alpha))
            V = tf.concat([V, rows[-1][tf.newaxis]], axis=0)
            norms.append((alpha, beta, before))
        return *(tf.stack(parts) for parts in zip(*norms, strict=True)), tf.stack(rows), u

    def _first_panels(self, some: Pass, beta: tf.Tensor, start: tf.Tensor, stop: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Σ ∇f∇fᵀ over a block of patterns, its lower triangle."""
        part = some.part(start, stop)
        J = output_jacobian(self.network, part, backward(self.network, beta, part, tf.ones_like(part.outputs)))
        return square_panels(J, self.network.size)

    def _gram(self, some: Pass, beta: tf.Tensor) -> tf.Tensor:
        """∇f · ∇f of given patterns among themselves, (n, n)."""
        pair = some, backward(self.network, beta, some, tf.ones_like(some.outputs))
        return gram(self.network, pair, pair)

    def _second_sums(
        self, some: Pass, coefficients: tf.Tensor, beta: tf.Tensor, start: tf.Tensor, stop: tf.Tensor
    ) -> Sums:
        """What Σ c ∇∇f over a block of patterns is made of."""
        return second_sums(self.network, beta, some.part(start, stop), coefficients[start:stop])

    def _second_part(self, sums: Sums, like: tf.Tensor) -> tf.Tensor:
        return second_part(self.network, sums, like.dtype)

    def _hessian_vectors(
        self,
        w: tf.Tensor,
        x: tf.Tensor,
        y: tf.Tensor,
        delta: tf.Tensor,
        v: tf.Tensor,
        scale: tf.Tensor,
        beta: tf.Tensor,
    ) -> tf.Tensor:
        """H v, (k, N), of given unsatisfied patterns."""
        return hessian_vectors(self.network, beta, forward(self.network, beta, w, x), y, delta, v, scale)

    def _kernel(self, w: tf.Tensor, x1: tf.Tensor, x2: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        pairs = []
        for x in (x1, x2):
            passed = forward(self.network, beta, w, x)
            pairs.append((passed, backward(self.network, beta, passed, tf.ones_like(passed.outputs))))
        return gram(self.network, *pairs)


@lru_cache(maxsize=64)
def program(network: Network, device: str, dtype: str) -> Program:
    """The program of a network; ``network`` carries no sharpness. One for each device and dtype, as graphs are."""
    assert network.nonlinearity.beta == 1.0, (network, device, dtype)
    return Program(network)


def _some(some: Pass, signals: Signals, start: tf.Tensor, stop: tf.Tensor) -> tuple[Pass, Signals]:
    """What ``gram`` and ``output_jacobian`` need of a block of patterns."""
    part = some._replace(inputs=tuple(a[start:stop] for a in some.inputs))
    return part, tuple(g[start:stop] for g in signals)


def operations(network: Network, n: Any) -> tuple[Any, Any]:
    """What it takes to assemble and to factorise the system of n unknowns, and that of N."""
    size, widths = network.size, sum(out + fan for out, fan in network.shapes)
    return n * n * widths + n**3 / 3, n * size**2 + size**3 / 3


def rounding(trace: Any, dtype: tf.DType) -> Any:
    """Below this λ the dual of a tall J loses half of all digits: its null space is divided by λ."""
    eps = 2.0**-52 if dtype == tf.float64 else 2.0**-23
    return 0.1 * sqrt(eps) * trace
