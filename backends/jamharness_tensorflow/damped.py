"""One Levenberg–Marquardt step, by the cheaper of two systems.

Over the n unsatisfied patterns, the step (JᵀJ + λI) s = −JᵀΔ of N unknowns equals s = −Jᵀ z with (JJᵀ + λI) z = Δ of n.
JJᵀ is the tangent kernel, a sum over layers of elementwise products of two small Gram matrices: no Jacobian is needed.
"""

from copy import copy

import numpy as np
import tensorflow as tf

from jamharness.api import Array
from jamharness.api.krylov import MOST, Bidiagonalisation, vectors_worth
from jamharness_tensorflow.layers import Pass
from jamharness_tensorflow.program import BLOCK, SIDE, Program, Signals, operations, rounding


class Linearisation:
    """The margins of the unsatisfied patterns to first order at one w; factors for several λ share it.

    Arguments:
        program: the network's graphs.
        expansion: from ``Program.linearise``.
    """

    def __init__(self, program: Program, expansion: tuple[Pass, Signals, tf.Tensor, tf.Tensor]) -> None:
        self.program = program
        self.passed, self.signals, self.delta, trace = expansion
        self.least = rounding(float(trace), self.delta.dtype)
        self._dual: tf.Tensor | None = None
        self._primal: tuple[tf.Tensor, tf.Tensor] | None = None
        self._krylov: Bidiagonalisation | None = None

    def solve(self, damping: float, tolerance: float = 0.0) -> tuple[tf.Tensor, float]:
        """The step s (N,) and the decrease |Δ|² − |Δ + J s|² that it promises.

        Arguments:
            damping: λ.
            tolerance: of the relative residual of the normal equations, where a Krylov space reaches it for less than
                solving them in full costs; 0 always solves in full.
        """
        network, n = self.program.network, int(self.delta.shape[0])
        size = network.size
        λ = tf.constant(damping, self.delta.dtype)
        if n == 0:
            return tf.zeros([size], self.delta.dtype), 0.0
        dual, primal = operations(network, n)
        if tolerance and (most := vectors_worth(n, size, min(dual, primal))):
            solution = self.solve_iteratively(damping, tolerance, most)
            if solution is not None:
                return solution
        cheaper = dual < primal
        if n <= size or (cheaper and damping > self.least):
            if self._dual is None:
                ends = [(tf.constant(start), tf.constant(min(start + SIDE, n))) for start in range(0, n, SIDE)]
                blocks = [self.program.dual(self.passed, self.signals, *block) for block in ends]
                self._dual = blocks[0] if len(blocks) == 1 else tf.concat(blocks, axis=0)
            step, decrease = self.program.solve_dual(self._dual, λ, self.passed, self.signals, self.delta)
        else:
            step, decrease = self.program.solve_primal(*self._normal_equations(n, size), λ)
        if not bool(tf.math.is_finite(decrease)):
            step, decrease = self.program.solve_stacked(self.passed, self.signals, self.delta, λ)
        return step, float(decrease)

    def solve_iteratively(self, damping: float, tolerance: float, most: int = MOST) -> tuple[tf.Tensor, float] | None:
        """The step to a tolerance, by products with J and Jᵀ alone; None where that takes more than ``most`` vectors.

        The Krylov space serves every λ.
        """
        if self._krylov is None:
            at = copy(self)  # and not self: in a cycle, its tensors would stay in memory until it is collected
            self._krylov = Bidiagonalisation(
                lambda v: np.array(at.program.times(tf.constant(v), at.passed, at.signals)),
                lambda u: np.array(at.program.transposed(tf.constant(u), at.passed, at.signals)),
                np.array(at.delta),
                several=at._several,
            )
        solution = self._krylov.solve_within(damping, tolerance, most)
        return None if solution is None else (tf.constant(solution[0]), solution[1])

    def _several(self, V: Array, u: Array, alpha: float) -> tuple[Array, Array, Array, Array, Array]:
        tensors = (tf.constant(V), tf.constant(u), tf.constant(alpha, self.delta.dtype))
        alphas, betas, befores, rows, last = self.program.bidiagonalise(*tensors, self.passed, self.signals)
        return np.array(alphas), np.array(betas), np.array(befores), np.array(rows), np.array(last)

    def _normal_equations(self, n: int, size: int) -> tuple[tf.Tensor, tf.Tensor]:
        """JᵀJ (N, N) and JᵀΔ (N,), in blocks of patterns: no array of n × N."""
        if self._primal is None:
            rows = max(1, BLOCK // size)
            for start in range(0, n, rows):
                block = tf.constant(start), tf.constant(min(n, start + rows))
                A, b = self.program.normal_equations(self.passed, self.signals, self.delta, *block)
                self._primal = (A, b) if self._primal is None else (self._primal[0] + A, self._primal[1] + b)
        assert self._primal is not None
        return self._primal
