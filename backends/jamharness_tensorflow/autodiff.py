"""Second derivatives of any architecture by automatic differentiation.

The referee of the closed forms, and the way for networks that have none: forward mode over reverse mode (Pearlmutter,
Neural Comput. 6, 147, 1994). A network is a function f(w, x) of a vector w (N,) and inputs x (M, d) to outputs (M,), in
operations of TensorFlow.
"""

from collections.abc import Callable

import tensorflow as tf

Outputs = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
CHUNK = 32
"""Vectors, or rows of J, that go through the network at once: memory is proportional to it."""


def hessian_vectors(
    outputs: Outputs, w: tf.Tensor, x: tf.Tensor, y: tf.Tensor, v: tf.Tensor, margin: float = 1.0, chunk: int = CHUNK
) -> tf.Tensor:
    """H v of L = (1/2P) Σ max(0, κ − y f)² for several vectors.

    Arguments:
        outputs: f(w, x).
        w: (N,).
        x: (P, d).
        y: labels ±1, (P,).
        v: (k, N).
        margin: κ.
        chunk: how many vectors at once.

    Returns:
        (k, N).
    """

    def loss(at: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.square(tf.nn.relu(margin - y * outputs(at, x)))) / (2 * len(y))

    return _along(loss, w, v, chunk)


def hessian_parts(
    outputs: Outputs, w: tf.Tensor, x: tf.Tensor, y: tf.Tensor, margin: float = 1.0, chunk: int = CHUNK
) -> tuple[tf.Tensor, tf.Tensor]:
    """H0 = (1/P) Σ ∇Δ∇Δᵀ and Hp = (1/P) Σ Δ ∇∇Δ over unsatisfied patterns, each (N, N) and to its own rounding.

    H0 is JᵀJ / P with one backward pass per pattern; Hp is the Hessian of Σ c f with c = −yΔ/P held fixed, by one
    forward pass over a backward pass per parameter.

    Arguments:
        outputs: f(w, x).
        w: (N,).
        x: (P, d).
        y: labels ±1, (P,).
        margin: κ.
        chunk: how many passes at once.
    """
    size, patterns = int(w.shape[0]), int(y.shape[0])
    delta = margin - y * outputs(w, x)
    rows = tf.where(delta > 0)[:, 0]
    x, y, delta = (tf.gather(values, rows) for values in (x, y, delta))
    H0 = tf.zeros([size, size], w.dtype)

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def square(some: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(w)
            f = outputs(w, some)
        J = tape.jacobian(f, w)
        return tf.matmul(J, J, transpose_a=True)

    for start in range(0, int(rows.shape[0]), chunk):
        H0 += square(x[start : start + chunk])
    coefficients = -y * delta / patterns
    units = tf.eye(size, dtype=w.dtype)
    Hp = _along(lambda at: tf.tensordot(coefficients, outputs(at, x), 1), w, units, chunk)
    return H0 / patterns, (Hp + tf.transpose(Hp)) / 2


def _along(value: Callable[[tf.Tensor], tf.Tensor], w: tf.Tensor, v: tf.Tensor, chunk: int) -> tf.Tensor:
    """∇∇value(w) v, (k, N), for v (k, N)."""

    def derivative(u: tf.Tensor) -> tf.Tensor:
        with tf.autodiff.ForwardAccumulator(w, u) as forward:
            with tf.GradientTape() as tape:
                tape.watch(w)
                scalar = value(w)
            gradient = tape.gradient(scalar, w)
        return forward.jvp(gradient, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def several(some: tf.Tensor) -> tf.Tensor:
        return tf.vectorized_map(derivative, some)

    parts = [several(v[start : start + chunk]) for start in range(0, int(v.shape[0]), chunk)]
    return tf.concat(parts, axis=0) if parts else tf.identity(v)
