"""H v without H: the derivative of ∇L along v, by one pass each way (Pearlmutter, Neural Comput. 6, 147, 1994).

With R the derivative along v = (V_l, c_l): R z_l = R a_{l-1} W_lᵀ + a_{l-1} V_lᵀ + c_l, R a_l = σ' R z_l; and for the
signals g_l = ∂L/∂z_l, R g_{l-1} = σ' (R g_l W_l + g_l V_l) + σ'' (g_l W_l) R z_{l-1}.
"""

import numpy as np

from jamharness.api import Array, Network
from jamharness_numpy import nonlinear
from jamharness_numpy.layers import Pass


def hessian_vector(network: Network, passed: Pass, y: Array, delta: Array, v: Array, scale: float) -> Array:
    """H v of shape (N,), for the part of the loss that some patterns make.

    Arguments:
        network: the network.
        passed: forward pass of the n unsatisfied patterns.
        y: their labels, (n,).
        delta: their Δ, (n,).
        v: (N,).
        scale: 1/P.
    """
    rule, moves = network.nonlinearity, network.split(v)
    slopes = [nonlinear.slope(rule, z) for z in passed.preactivations]
    turned: list[Array] = []
    moved: list[Array] = [np.zeros_like(passed.inputs[0])]
    for layer, (V, c) in enumerate(moves):
        Rz = moved[-1] @ passed.weights[layer].T + passed.inputs[layer] @ V.T + (c if network.bias else 0)
        turned.append(Rz)
        if layer < len(slopes):
            moved.append(slopes[layer] * Rz)
    g, Rg = (-scale * y * delta)[:, None], scale * turned[-1]
    parts: list[Array] = []
    for layer in range(len(moves) - 1, -1, -1):
        if network.bias:
            parts.append(Rg.sum(axis=0))
        parts.append((Rg.T @ passed.inputs[layer] + g.T @ moved[layer]).ravel())
        if layer:
            back = g @ passed.weights[layer]
            Rg = (Rg @ passed.weights[layer] + g @ moves[layer][0]) * slopes[layer - 1]
            Rg = Rg + nonlinear.curvature(rule, passed.preactivations[layer - 1]) * back * turned[layer - 1]
            g = back * slopes[layer - 1]
    return np.concatenate(parts[::-1])
