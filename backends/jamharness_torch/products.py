"""H v without H: the derivative of ∇L along v, by one pass each way (Pearlmutter, Neural Comput. 6, 147, 1994).

With R the derivative along v = (V_l, c_l): R z_l = R a_{l-1} W_lᵀ + a_{l-1} V_lᵀ + c_l, R a_l = σ' R z_l; and for the
signals g_l = ∂L/∂z_l, R g_{l-1} = σ' (R g_l W_l + g_l V_l) + σ'' (g_l W_l) R z_{l-1}.
"""

import torch
from torch import Tensor

from jamharness.api import Network
from jamharness_torch import nonlinear
from jamharness_torch.layers import Pass


def hessian_vectors(network: Network, passed: Pass, y: Tensor, delta: Tensor, v: Tensor, scale: float) -> Tensor:
    """H v of shape (k, N), for the part of the loss that some patterns make.

    Arguments:
        network: the network.
        passed: forward pass of the n unsatisfied patterns.
        y: their labels, (n,).
        delta: their Δ, (n,).
        v: (k, N).
        scale: 1/P.
    """
    activation, count = network.nonlinearity, len(v)
    moves = [
        (v[:, weight].view(count, *shape), v[:, bias].unsqueeze(1) if network.bias else None)
        for (weight, bias), shape in zip(network.slices, network.shapes, strict=True)
    ]
    slopes = [nonlinear.slope(activation, z) for z in passed.preactivations]
    turned: list[Tensor] = []
    moved: list[Tensor | None] = [None]
    for layer, (V, c) in enumerate(moves):
        Rz = passed.inputs[layer] @ V.transpose(1, 2)
        before = moved[-1]
        if before is not None:
            Rz = Rz + before @ passed.weights[layer].T
        if c is not None:
            Rz = Rz + c
        turned.append(Rz)
        if layer < len(slopes):
            moved.append(slopes[layer] * Rz)
    g, Rg = (-scale * y * delta).unsqueeze(1), scale * turned[-1]
    found = torch.empty_like(v)
    for layer in range(len(moves) - 1, -1, -1):
        weight, bias = network.slices[layer]
        slope, before = Rg.transpose(1, 2) @ passed.inputs[layer], moved[layer]
        if before is not None:
            slope = slope + g.T @ before
        found[:, weight] = slope.flatten(1)
        if network.bias:
            found[:, bias] = Rg.sum(dim=1)
        if layer:
            W, z = passed.weights[layer], passed.preactivations[layer - 1]
            back = g @ W
            Rg = (Rg @ W + g @ moves[layer][0]) * slopes[layer - 1]
            if activation.name not in ("relu", "linear"):
                Rg = Rg + nonlinear.curvature(activation, z) * back * turned[layer - 1]
            g = back * slopes[layer - 1]
    return found
