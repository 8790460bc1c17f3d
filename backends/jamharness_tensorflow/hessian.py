"""The second part of the Hessian, assembled by matrix products over blocks of patterns.

For l ≤ m, with g_m = ∂f/∂z_m, A = ∂a_{m-1}/∂z_l and U = ∂g_m/∂z_l, the block of layers m and l of ∇∇f is
[m > l] g_m ⊗ A ⊗ a_{l-1} + U ⊗ a_{m-1} ⊗ a_{l-1}. With D = ∂z_m/∂z_l, found from l upwards,
U = diag(σ''_m W_{m+1}ᵀ g_{m+1}) D + diag(σ'_m) W_{m+1}ᵀ (U of m + 1), found from the output downwards; it vanishes for
piecewise-linear activations. For m = l + 1, A is diagonal, which saves all but one part in h of that block's work.
"""

import tensorflow as tf

from jamharness.api import Network
from jamharness_tensorflow import nonlinear
from jamharness_tensorflow.layers import Pass, backward
from jamharness_tensorflow.symmetric import mirrored

Sums = dict[str, tf.Tensor]
"""By pair of layers, what is summed over patterns; see ``second_sums``."""


def second_sums(network: Network, beta: tf.Tensor, passed: Pass, coefficients: tf.Tensor) -> Sums:
    """The sums that Σ_μ c_μ ∇∇f_μ is made of, for coefficients c (M,), each as the matrix that one product gives.

    Returns:
        ``"straight m l"``: Σ c g_m ⊗ A ⊗ a_{l-1} as (i q, p j), or as (i, p q) for neighbours, where j = p;
        ``"curved m l"``: Σ c U ⊗ a_{m-1} ⊗ a_{l-1} as (p i, j q).
    """
    name, bias = network.nonlinearity.name, int(network.bias)
    signals = backward(network, beta, passed, coefficients)
    slopes = [nonlinear.slope(name, beta, z) for z in passed.preactivations]
    inputs = [tf.pad(a, [[0, 0], [0, bias]], constant_values=1) for a in passed.inputs]
    sums: Sums = {}
    for lower in range(len(network.shapes)):
        moved: list[tf.Tensor] = []  # arrays (M, p, ·) are D and A transposed
        A: tf.Tensor | None = None
        for upper in range(lower + 1, len(network.shapes)):
            W = passed.weights[upper]
            if A is None:
                product = tf.matmul(signals[upper], _outer(slopes[lower], inputs[lower]), transpose_a=True)
                D = slopes[lower][:, :, tf.newaxis] * tf.transpose(W)
            else:
                product = tf.matmul(_outer(signals[upper], inputs[lower]), _flat(A), transpose_a=True)
                D = _times(A, W, transposed=True)
            sums[f"straight {upper} {lower}"] = product
            moved.append(D)
            if upper < len(slopes):
                A = D * slopes[upper][:, tf.newaxis, :]
        if name in ("relu", "linear"):
            continue
        U: tf.Tensor | None = None
        for upper in range(len(slopes) - 1, lower - 1, -1):
            W = passed.weights[upper + 1]
            bend = nonlinear.curvature(name, beta, passed.preactivations[upper]) * tf.matmul(signals[upper + 1], W)
            turned = tf.linalg.diag(bend) if upper == lower else moved[upper - lower - 1] * bend[:, tf.newaxis, :]
            U = turned if U is None else turned + _times(U, W) * slopes[upper][:, tf.newaxis, :]
            sums[f"curved {upper} {lower}"] = tf.matmul(
                _flat(U), _outer(inputs[upper], inputs[lower]), transpose_a=True
            )
    return sums


def second_part(network: Network, sums: Sums, dtype: tf.DType) -> tf.Tensor:
    """Σ_μ c_μ ∇∇f_μ of shape (N, N), from sums over all patterns."""
    layers = range(len(network.shapes))
    return mirrored(
        tuple(tf.concat([_block(network, sums, m, below, dtype) for below in range(m + 1)], axis=1) for m in layers)
    )


def _block(network: Network, sums: Sums, upper: int, lower: int, dtype: tf.DType) -> tf.Tensor:
    """The block of two layers in canonical order, every weight before every bias."""
    bias = int(network.bias)
    (out, fan), (units, inner) = network.shapes[upper], network.shapes[lower]
    wide, inner = fan + bias, inner + bias
    block = tf.zeros([out, wide, units, inner], dtype)  # (i, j, p, q)
    curved, straight = sums.get(f"curved {upper} {lower}"), sums.get(f"straight {upper} {lower}")
    if curved is not None:
        block = tf.transpose(tf.reshape(curved, [units, out, wide, inner]), [1, 2, 0, 3])
    if straight is not None:
        if upper == lower + 1:
            part = tf.transpose(
                tf.linalg.diag(tf.transpose(tf.reshape(straight, [out, units, inner]), [0, 2, 1])), [0, 2, 3, 1]
            )
        else:
            part = tf.transpose(tf.reshape(straight, [out, inner, units, fan]), [0, 3, 2, 1])
        block += tf.pad(part, [[0, 0], [0, bias], [0, 0], [0, 0]])
    rows = [(slice(0, fan), out * fan), (slice(fan, None), out)][: 1 + bias]
    columns = [(slice(0, inner - bias), units * (inner - bias)), (slice(inner - bias, None), units)][: 1 + bias]
    parts = [[tf.reshape(block[:, i, :, q], [high, long]) for q, long in columns] for i, high in rows]
    return tf.concat([tf.concat(row, axis=1) for row in parts], axis=0)


def _flat(a: tf.Tensor) -> tf.Tensor:
    """(M, I, J) → (M, I·J)."""
    return tf.reshape(a, [-1, a.shape[1] * a.shape[2]])


def _times(a: tf.Tensor, W: tf.Tensor, *, transposed: bool = False) -> tf.Tensor:
    """(M, I, J) times W (J, K), or Wᵀ, in one product."""
    product = tf.matmul(tf.reshape(a, [-1, a.shape[2]]), W, transpose_b=transposed)
    return tf.reshape(product, [-1, a.shape[1], W.shape[0 if transposed else 1]])


def _outer(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """(M, I), (M, J) → (M, I·J)."""
    return tf.reshape(a[:, :, tf.newaxis] * b[:, tf.newaxis, :], [-1, a.shape[1] * b.shape[1]])
