"""H v without H: the derivative of ∇L along v, by one pass each way (Pearlmutter, Neural Comput. 6, 147, 1994).

With R the derivative along v = (V_l, c_l): R z_l = R a_{l-1} W_lᵀ + a_{l-1} V_lᵀ + c_l, R a_l = σ' R z_l; and for the
signals g_l = ∂L/∂z_l, R g_{l-1} = σ' (R g_l W_l + g_l V_l) + σ'' (g_l W_l) R z_{l-1}.
"""

import tensorflow as tf

from jamharness.api import Network
from jamharness_tensorflow import nonlinear
from jamharness_tensorflow.layers import Pass


def hessian_vectors(
    network: Network, beta: tf.Tensor, passed: Pass, y: tf.Tensor, delta: tf.Tensor, v: tf.Tensor, scale: tf.Tensor
) -> tf.Tensor:
    """H v of shape (k, N), for the part of the loss that some patterns make.

    Arguments:
        network: the network.
        beta: the sharpness of its activation.
        passed: forward pass of the n unsatisfied patterns.
        y: their labels, (n,).
        delta: their Δ, (n,).
        v: (k, N).
        scale: 1/P.
    """
    name = network.nonlinearity.name
    moves = [
        (tf.reshape(v[:, weight], [-1, *shape]), v[:, tf.newaxis, bias] if network.bias else None)
        for (weight, bias), shape in zip(network.slices, network.shapes, strict=True)
    ]
    slopes = [nonlinear.slope(name, beta, z) for z in passed.preactivations]
    turned: list[tf.Tensor] = []
    moved: list[tf.Tensor | None] = [None]
    for layer, (V, c) in enumerate(moves):
        Rz = tf.einsum("nf,kof->kno", passed.inputs[layer], V)
        before = moved[-1]
        if before is not None:
            Rz += tf.einsum("knf,of->kno", before, passed.weights[layer])
        if c is not None:
            Rz += c
        turned.append(Rz)
        if layer < len(slopes):
            moved.append(slopes[layer] * Rz)
    g, Rg = (-scale * y * delta)[:, tf.newaxis], scale * turned[-1]
    parts: list[tf.Tensor] = []
    for layer in range(len(moves) - 1, -1, -1):
        if network.bias:
            parts.append(tf.reduce_sum(Rg, axis=1))
        slope, before = tf.einsum("kno,nf->kof", Rg, passed.inputs[layer]), moved[layer]
        if before is not None:
            slope += tf.einsum("no,knf->kof", g, before)
        out, fan = network.shapes[layer]
        parts.append(tf.reshape(slope, [-1, out * fan]))
        if layer:
            W, z = passed.weights[layer], passed.preactivations[layer - 1]
            back = tf.matmul(g, W)
            Rg = (tf.einsum("kno,of->knf", Rg, W) + tf.einsum("no,kof->knf", g, moves[layer][0])) * slopes[layer - 1]
            if name not in ("relu", "linear"):
                Rg += nonlinear.curvature(name, beta, z) * back * turned[layer - 1]
            g = back * slopes[layer - 1]
    return tf.concat(parts[::-1], axis=1)
