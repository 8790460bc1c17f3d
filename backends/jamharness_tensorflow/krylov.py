"""Damped least squares by products with J and Jᵀ, inside one graph: ``jamharness.api.krylov`` without its calls."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from jamharness.api.krylov import MOST


class _Space(NamedTuple):
    """Of k vectors and the next one; the solution is that of the last k at which it was looked at.

    Arguments:
        V: (k + 1, N).
        u: (n,).
        alphas: (k + 1,).
        betas: (k,).
        size: the k at which to look next: a quarter more than the last, and at least two.
        y: (k,) the step in the space.
        decrease: of |Δ|² by it.
        residual: of the normal equations, relative.
    """

    V: tf.Tensor
    u: tf.Tensor
    alphas: tf.Tensor
    betas: tf.Tensor
    size: tf.Tensor
    y: tf.Tensor
    decrease: tf.Tensor
    residual: tf.Tensor


def solve_in_graph(
    times: Callable[[tf.Tensor], tf.Tensor], transposed: Callable[[tf.Tensor], tf.Tensor],
    delta: tf.Tensor, damping: tf.Tensor, tolerance: tf.Tensor, begin: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
    """The step s (N,), and the decrease |Δ|² − |Δ + J s|² that it promises: NaN where ``MOST`` vectors are too few.

    Arguments:
        times: J v of shape (n,) for v (N,).
        transposed: Jᵀ u of shape (N,) for u (n,).
        delta: Δ, (n,), not empty.
        damping: λ > 0.
        tolerance: the largest |(JᵀJ + λI) s + JᵀΔ| / |JᵀΔ|.
        begin: how many vectors there are before it is looked at.
    """
    start = tf.norm(delta)
    first = transposed(-delta / start)
    alpha = tf.norm(first)
    nothing = tf.zeros([], delta.dtype)
    space = _Space(
        V=tf.math.divide_no_nan(first, alpha)[tf.newaxis], u=-delta / start, alphas=alpha[tf.newaxis],
        betas=nothing[tf.newaxis][:0], size=begin, y=nothing[tf.newaxis][:0], decrease=nothing,
        residual=tf.constant(float("inf"), delta.dtype),
    )  # fmt: skip

    def grown(*parts: tf.Tensor) -> _Space:
        more = _extended(_Space(*parts), times, transposed)
        now = tf.size(more.betas) >= more.size
        return _Space(*tf.cond(now, lambda: _solved(more, start, damping), lambda: more))

    def unsolved(*parts: tf.Tensor) -> tf.Tensor:
        krylov = _Space(*parts)
        return (krylov.residual > tolerance) & (tf.size(krylov.betas) < MOST)

    shapes = _Space(*(each.shape if not each.shape.rank else tf.TensorShape([None, *each.shape[1:]]) for each in space))
    space = _Space(*tf.while_loop(unsolved, grown, space, shape_invariants=shapes))
    step = tf.linalg.matvec(space.V[: tf.size(space.y)], space.y, transpose_a=True)
    return step, tf.where(space.residual <= tolerance, space.decrease, float("nan"))


def _extended(
    space: _Space, times: Callable[[tf.Tensor], tf.Tensor], transposed: Callable[[tf.Tensor], tf.Tensor]
) -> _Space:
    """One more vector on each side; zeros once the space is exhausted."""
    eps = float(np.finfo(space.V.dtype.as_numpy_dtype).eps)
    u = times(space.V[-1]) - space.alphas[-1] * space.u
    beta = tf.norm(u)
    beta = tf.where(beta > eps * tf.norm(space.alphas), beta, 0)
    u = tf.math.divide_no_nan(u, beta)
    v = transposed(u)
    before = tf.norm(v)
    for _ in range(2):  # twice is enough (Kahan and Parlett)
        v -= tf.linalg.matvec(space.V, tf.linalg.matvec(space.V, v), transpose_a=True)
    alpha = tf.norm(v)
    alpha = tf.where(alpha > 10 * eps * before, alpha, 0)
    return space._replace(
        V=tf.concat([space.V, tf.math.divide_no_nan(v, alpha)[tf.newaxis]], axis=0),
        u=u,
        alphas=tf.concat([space.alphas, alpha[tf.newaxis]], axis=0),
        betas=tf.concat([space.betas, beta[tf.newaxis]], axis=0),
    )


def _solved(space: _Space, start: tf.Tensor, damping: tf.Tensor) -> _Space:
    """The damped problem on all k vectors: min |start e₁ − B y|² + λ|y|² with the bidiagonal B."""
    k = tf.size(space.betas)
    diagonal, below = tf.linalg.diag(space.alphas[:-1]), tf.linalg.diag(space.betas)
    B = tf.pad(diagonal, [[0, 1], [0, 0]]) + tf.pad(below, [[1, 0], [0, 0]])
    q, r = tf.linalg.qr(tf.concat([B, tf.sqrt(damping) * tf.eye(k, dtype=B.dtype)], axis=0))
    y = tf.linalg.triangular_solve(r, start * q[0][:, tf.newaxis], lower=False)[:, 0]
    rest = start * tf.one_hot(0, k + 1, dtype=B.dtype) - tf.linalg.matvec(B, y)
    residual = tf.math.divide_no_nan(space.alphas[-1] * tf.abs(rest[-1]), space.alphas[0] * start)
    decrease = tf.square(start) - tf.reduce_sum(tf.square(rest))
    return space._replace(size=k + tf.maximum(2, k // 4), y=y, decrease=decrease, residual=residual)
