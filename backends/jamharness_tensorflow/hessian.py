"""Second derivatives of the outputs, summed over patterns with given coefficients, by batched matrix products.

For l ≤ m, with g_m = ∂f/∂z_m, D = ∂z_m/∂z_l, A = ∂a_{m-1}/∂z_l and S_m = ∂²f/∂z_m∂z_m, the block of layers m and l is
Σ c (S_m D) ⊗ a_{m-1} a_{l-1}ᵀ, plus for m > l Σ c g_m ⊗ A ⊗ a_{l-1}; S vanishes for piecewise-linear activations.
"""

import numpy as np
import tensorflow as tf

from jamharness.api import Network
from jamharness_tensorflow import nonlinear
from jamharness_tensorflow.layers import Pass, backward


def weighted_hessian(network: Network, beta: tf.Tensor, passed: Pass, coefficients: tf.Tensor) -> tf.Tensor:
    """Σ_μ c_μ ∇∇f_μ of shape (N, N), for coefficients c (M,); the caller blocks over patterns."""
    name, bias = network.nonlinearity.name, int(network.bias)
    signals = backward(network, beta, passed, tf.ones_like(coefficients))
    slopes = [nonlinear.slope(name, beta, z) for z in passed.preactivations]
    bends = _bends(network, beta, passed, signals, slopes)
    inputs = [tf.pad(a, [[0, 0], [0, bias]], constant_values=1) for a in passed.inputs]
    depth = len(network.shapes)
    blocks: list[list[tf.Tensor]] = [[tf.zeros([], coefficients.dtype)] * depth for _ in range(depth)]
    for lower, (units, fan_lower) in enumerate(network.shapes):
        D = tf.eye(units, batch_shape=[tf.size(coefficients)], dtype=coefficients.dtype)
        for upper in range(lower, depth):
            out, fan = network.shapes[upper]
            sides = [out, fan + bias, units, fan_lower + bias]
            block = tf.zeros(sides, coefficients.dtype)
            if upper > lower:
                A = slopes[upper - 1][:, :, tf.newaxis] * D
                D = tf.matmul(passed.weights[upper], A)
                left = _outer(coefficients[:, tf.newaxis] * signals[upper], inputs[lower])
                product = tf.matmul(left, tf.reshape(A, [-1, fan * units]), transpose_a=True)
                product = tf.transpose(tf.reshape(product, [out, fan_lower + bias, fan, units]), [0, 2, 3, 1])
                block += tf.pad(product, [[0, 0], [0, bias], [0, 0], [0, 0]])
            bend = bends[upper]
            if bend is not None:
                SD = tf.reshape(coefficients[:, tf.newaxis, tf.newaxis] * tf.matmul(bend, D), [-1, out * units])
                product = tf.matmul(SD, _outer(inputs[upper], inputs[lower]), transpose_a=True)
                product = tf.reshape(product, [out, units, fan + bias, fan_lower + bias])
                block += tf.transpose(product, [0, 2, 1, 3])
            matrix = tf.reshape(block, [sides[0] * sides[1], sides[2] * sides[3]])
            blocks[upper][lower], blocks[lower][upper] = matrix, tf.transpose(matrix)
    whole = tf.concat([tf.concat(row, axis=1) for row in blocks], axis=0)
    place = _places(network)
    return tf.gather(tf.gather(whole, place, axis=0), place, axis=1)


def _bends(
    network: Network, beta: tf.Tensor, passed: Pass, signals: tuple[tf.Tensor, ...], slopes: list[tf.Tensor]
) -> list[tf.Tensor | None]:
    """S_m of shape (M, out, out), from the last hidden layer to the first; None where it is zero."""
    name = network.nonlinearity.name
    found: list[tf.Tensor | None] = [None] * len(signals)
    if name in ("relu", "linear"):
        return found
    for layer in range(len(signals) - 2, -1, -1):
        W = passed.weights[layer + 1]
        S = tf.linalg.diag(
            nonlinear.curvature(name, beta, passed.preactivations[layer]) * tf.matmul(signals[layer + 1], W)
        )
        above = found[layer + 1]
        if above is not None:
            s = slopes[layer]
            S += s[:, :, tf.newaxis] * tf.matmul(tf.matmul(W, above, transpose_a=True), W) * s[:, tf.newaxis, :]
        found[layer] = S
    return found


def _places(network: Network) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    """For each parameter in canonical order, its place where every unit's bias follows its own weights."""
    place = np.empty(network.size, dtype=np.intp)
    start = 0
    for (weight, bias), (out, fan) in zip(network.slices, network.shapes, strict=True):
        row = fan + int(network.bias)
        matrix = start + np.arange(out * row).reshape(out, row)
        place[weight] = matrix[:, :fan].ravel()
        if network.bias:
            place[bias] = matrix[:, fan]
        start += out * row
    return place


def _outer(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """(M, I), (M, J) → (M, I·J)."""
    return tf.reshape(a[:, :, tf.newaxis] * b[:, tf.newaxis, :], [-1, a.shape[1] * b.shape[1]])
