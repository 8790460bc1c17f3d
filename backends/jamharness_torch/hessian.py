"""Second derivatives of the outputs, summed over patterns with given coefficients, by batched matrix products.

For l ≤ m, with g_m = ∂f/∂z_m, D = ∂z_m/∂z_l, A = ∂a_{m-1}/∂z_l and S_m = ∂²f/∂z_m∂z_m, the block of layers m and l is
Σ c (S_m D) ⊗ a_{m-1} a_{l-1}ᵀ, plus for m > l Σ c g_m ⊗ A ⊗ a_{l-1}; S vanishes for piecewise-linear activations.
"""

import torch
from torch import Tensor

from jamharness.api import Network
from jamharness_torch import nonlinear
from jamharness_torch.layers import Pass, backward


def weighted_hessian(network: Network, passed: Pass, coefficients: Tensor) -> Tensor:
    """Σ_μ c_μ ∇∇f_μ of shape (N, N), for coefficients c (M,); the caller blocks over patterns."""
    activation = network.nonlinearity
    signals = backward(network, passed, torch.ones_like(coefficients))
    slopes = [nonlinear.slope(activation, z) for z in passed.preactivations]
    bends = _bends(network, passed, signals, slopes)
    found = coefficients.new_zeros((network.size, network.size))
    for lower, W in enumerate(passed.weights):
        inputs = _extended(network, passed.inputs[lower])
        D = torch.eye(len(W), dtype=W.dtype, device=W.device).expand(len(coefficients), -1, -1)
        for upper in range(lower, len(passed.weights)):
            out, fan = network.shapes[upper]
            block = found.new_zeros((out, fan + network.bias, len(W), inputs.shape[1]))
            if upper > lower:
                A = slopes[upper - 1].unsqueeze(2) * D
                D = passed.weights[upper] @ A
                left = _outer(coefficients.unsqueeze(1) * signals[upper], inputs)
                product = (left.T @ A.flatten(1)).view(out, inputs.shape[1], fan, len(W))
                block[:, :fan] += product.permute(0, 2, 3, 1)
            bend = bends[upper]
            if bend is not None:
                SD = coefficients.view(-1, 1, 1) * (bend @ D)
                product = SD.flatten(1).T @ _outer(_extended(network, passed.inputs[upper]), inputs)
                block += product.view(out, len(W), block.shape[1], inputs.shape[1]).permute(0, 2, 1, 3)
            _put(network, found, block, upper, lower)
    return found


def _bends(network: Network, passed: Pass, signals: list[Tensor], slopes: list[Tensor]) -> list[Tensor | None]:
    """S_m of shape (M, out, out), from the last hidden layer to the first; None where it is zero."""
    found: list[Tensor | None] = [None] * len(signals)
    if network.nonlinearity.name in ("relu", "linear"):
        return found
    for layer in range(len(signals) - 2, -1, -1):
        W = passed.weights[layer + 1]
        bend = nonlinear.curvature(network.nonlinearity, passed.preactivations[layer]) * (signals[layer + 1] @ W)
        S = torch.diag_embed(bend)
        above = found[layer + 1]
        if above is not None:
            s = slopes[layer]
            S = S + s.unsqueeze(2) * (W.T @ above @ W) * s.unsqueeze(1)
        found[layer] = S
    return found


def _put(network: Network, found: Tensor, block: Tensor, upper: int, lower: int) -> None:
    """Write the block (out, in + bias, out', in' + bias) of two layers, and its transpose, in its place."""
    (rows_w, rows_b), (columns_w, columns_b) = network.slices[upper], network.slices[lower]
    fan, fan_lower = network.shapes[upper][1], network.shapes[lower][1]
    row_parts, column_parts = [(rows_w, slice(0, fan))], [(columns_w, slice(0, fan_lower))]
    if network.bias:
        row_parts.append((rows_b, slice(fan, None)))
        column_parts.append((columns_b, slice(fan_lower, None)))
    for rows, i in row_parts:
        for columns, q in column_parts:
            piece = block[:, i, :, q].reshape(rows.stop - rows.start, columns.stop - columns.start)
            found[rows, columns] = piece
            found[columns, rows] = piece.T


def _extended(network: Network, a: Tensor) -> Tensor:
    """A layer's inputs with the constant 1 of its bias."""
    return torch.cat([a, a.new_ones((len(a), 1))], dim=1) if network.bias else a


def _outer(a: Tensor, b: Tensor) -> Tensor:
    """(M, I), (M, J) → (M, I·J)."""
    return (a.unsqueeze(2) * b.unsqueeze(1)).flatten(1)
