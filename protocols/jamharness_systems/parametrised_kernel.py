"""The tangent kernel of a fully connected network layer by layer, without its N × N or P × N matrices.

∂f/∂W_l = c_l δ_l a_{l−1}ᵀ, so that Θ(x, x′) = Σ_l c_l² (δ_l · δ′_l)(a_{l−1} · a′_{l−1}) with δ_l = ∂f/∂z_l: products of
(P, h) matrices at any N (arXiv 1806.07572, the proof of its theorem 1).
"""

import numpy as np
from scipy.special import erf, expit

from jamharness.api import Float64
from jamharness_systems.parametrised import ParametrisedNetwork, activation_rule

Signals = list[tuple[Float64, Float64]]
"""a_{l−1} (M, n) and c_l δ_l (M, m) of each layer."""


def tangent_kernel(system: ParametrisedNetwork, w: Float64, x1: Float64, x2: Float64) -> Float64:
    """Θ(x, x′) = ∇f(x) · ∇f(x′), (M1, M2).

    Arguments:
        system: the network.
        w: (N,).
        x1: (M1, d).
        x2: (M2, d).
    """
    first = _signals(system, w, x1)
    second = first if x2 is x1 else _signals(system, w, x2)
    kernel = np.zeros((len(x1), len(x2)))
    for (a, delta), (b, other) in zip(first, second, strict=True):
        kernel += (a @ b.T) * (delta @ other.T)
    return kernel


def _signals(system: ParametrisedNetwork, w: Float64, x: Float64) -> Signals:
    weights = [w[part].reshape(shape) for part, shape in zip(system.groups.values(), system.shapes, strict=True)]
    entering, slopes = [np.asarray(x, dtype=np.float64)], []
    for W, factor in zip(weights[:-1], system.factors[:-1], strict=True):
        value, slope = _sigma(system.activation, factor * entering[-1] @ W.T)
        entering.append(system.gain * value)
        slopes.append(system.gain * slope)
    signals, delta = [], np.ones((len(x), 1))
    for layer in reversed(range(len(weights))):
        scaled = system.factors[layer] * delta
        signals.append((entering[layer], scaled))
        if layer:
            delta = (scaled @ weights[layer]) * slopes[layer - 1]
    return signals


def _sigma(activation: str, z: Float64) -> tuple[Float64, Float64]:
    """σ and σ′ before they are normalised."""
    name, beta = activation_rule(activation)
    if name == "softplus":
        return np.logaddexp(0, beta * z) / beta, np.asarray(expit(beta * z))
    if name == "swish":
        part = expit(beta * z)
        return z * part, np.asarray(part + beta * z * part * (1 - part))
    if name == "tanh":
        value = np.tanh(z)
        return value, 1 - value * value
    if name == "erf":
        return np.asarray(erf(z)), 2 / np.sqrt(np.pi) * np.exp(-z * z)
    on = np.ones_like(z) if name == "linear" else (z > 0).astype(np.float64)
    return z * on, on
