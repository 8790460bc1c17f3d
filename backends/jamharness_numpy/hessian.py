"""Second derivatives of the outputs, summed over patterns with given coefficients, by matrix products.

With z_m the preactivations of layer m, g_m = ∂f/∂z_m, D_{l→m} = ∂z_m/∂z_l and S_m = ∂²f/∂z_m∂z_m, the chain rule gives
for l ≤ m (indices: unit i and input j of layer m, unit p and input q of layer l)

    ∂²f / ∂W_m[i,j] ∂W_l[p,q] = (S_m D_{l→m})[i,p] a_{m-1}[j] a_{l-1}[q]  +  [m > l] g_m[i] (∂a_{m-1}/∂z_l)[j,p]
    a_{l-1}[q]

    S_{L+1} = 0,   S_m = diag(σ''(z_m) · W_{m+1}ᵀ g_{m+1}) + diag(σ'_m) W_{m+1}ᵀ S_{m+1} W_{m+1} diag(σ'_m)

A bias is the weight of a constant input 1. For piecewise-linear activations S = 0 and only the second term is left.
"""

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, Network
from jamharness_numpy import nonlinear
from jamharness_numpy.layers import Pass, backward


def weighted_hessian(network: Network, passed: Pass, coefficients: Array) -> Array:
    """Σ_μ c_μ ∇∇f_μ of shape (N, N), for coefficients c (M,).

    Memory: a few arrays of M × (width × width) beside the result; the caller blocks over patterns.
    """
    layers = len(passed.weights)
    g = backward(network, passed)
    slopes = [nonlinear.slope(network.nonlinearity, z) for z in passed.preactivations]
    bends = _bends(network, passed, g, slopes)
    inputs = [_with_constant(a) if network.bias else a for a in passed.inputs]
    hessian = np.zeros((network.size, network.size), dtype=passed.outputs.dtype)
    places = [_places(network, layer) for layer in range(layers)]
    for lower in range(layers):
        # D = ∂z_m/∂z_l, starting at m = l with the identity
        D = np.broadcast_to(np.eye(len(passed.weights[lower])), (len(coefficients), *(len(passed.weights[lower]),) * 2))
        for upper in range(lower, layers):
            units, fan = len(passed.weights[upper]), inputs[upper].shape[1]
            block = np.zeros((units, fan, len(passed.weights[lower]), inputs[lower].shape[1]), dtype=hessian.dtype)
            if upper > lower:
                A = slopes[upper - 1][:, :, None] * D  # ∂a_{m-1}/∂z_l
                D = np.matmul(passed.weights[upper], A)
                left = _outer(coefficients[:, None] * g[upper], inputs[lower])  # (M, i·q)
                product = left.T @ A.reshape(len(A), -1)
                shape = (units, inputs[lower].shape[1], A.shape[1], A.shape[2])
                block[:, : A.shape[1]] += product.reshape(shape).transpose(0, 2, 3, 1)
            bend = bends[upper]
            if bend is not None:
                SD = coefficients[:, None, None] * np.matmul(bend, D)
                product = SD.reshape(len(SD), -1).T @ _outer(inputs[upper], inputs[lower])
                shape = (units, len(passed.weights[lower]), fan, inputs[lower].shape[1])
                block += product.reshape(shape).transpose(0, 2, 1, 3)
            _put(hessian, block, places[upper], places[lower])
    return hessian


def _bends(network: Network, passed: Pass, g: list[Array], slopes: list[Array]) -> list[Array | None]:
    """S_m of shape (M, out, out) for every layer; None where it is zero."""
    bends: list[Array | None] = [None] * len(g)
    if network.nonlinearity.name in ("relu", "linear"):
        return bends
    for layer in range(len(g) - 2, -1, -1):
        W = passed.weights[layer + 1]
        bend = nonlinear.curvature(network.nonlinearity, passed.preactivations[layer]) * (g[layer + 1] @ W)
        S = bend[:, :, None] * np.eye(bend.shape[1], dtype=bend.dtype)
        above = bends[layer + 1]
        if above is not None:
            s = slopes[layer]
            S = S + s[:, :, None] * np.matmul(W.T, np.matmul(above, W)) * s[:, None, :]
        bends[layer] = S
    return bends


def _places(network: Network, layer: int) -> NDArray[np.intp]:
    """Positions in w of a layer's parameters as a matrix (out, in) or (out, in + 1), the bias as the last input."""
    weight, bias = network.slices[layer]
    matrix = np.arange(weight.start, weight.stop).reshape(network.shapes[layer])
    return np.concatenate([matrix, np.arange(bias.start, bias.stop)[:, None]], axis=1) if network.bias else matrix


def _put(hessian: Array, block: Array, upper: NDArray[np.intp], lower: NDArray[np.intp]) -> None:
    """Write one block and its transpose."""
    matrix = block.reshape(upper.size, lower.size)
    hessian[np.ix_(upper.ravel(), lower.ravel())] = matrix
    hessian[np.ix_(lower.ravel(), upper.ravel())] = matrix.T


def _outer(a: Array, b: Array) -> Array:
    """(M, I), (M, J) → (M, I·J)."""
    return (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)


def _with_constant(a: Array) -> Array:
    return np.concatenate([a, np.ones((len(a), 1), dtype=a.dtype)], axis=1)
