"""What floating point can do to the outputs of a fully connected network: round, and overflow."""

from collections.abc import Iterable
from math import log10

import numpy as np

from jamharness.api.activations import Activation
from jamharness.api.arrays import Array, Float64
from jamharness.api.network import Network

_STEEPEST = 1.13
"""The largest slope of an activation: that of gelu (relu, tanh, linear and softplus have 1)."""
_FUNCTION = 8.0
"""Units of rounding in the value of an activation: frameworks approximate tanh, erf and exp to a few."""


def rounding_of_outputs(network: Network, w: Array, x: Array, dtype: np.dtype[np.floating]) -> Float64:
    """A bound on |f computed − f| from rounding in a dtype, for any order of the sums, (M,).

    The running error bound of Higham, Accuracy and Stability of Numerical Algorithms, §3.3: a sum of n products is off
    by at most (n + 1) u times the sum of their sizes, and an error passes a layer multiplied by |W| and the steepest
    slope.

    Arguments:
        network: the network.
        w: (N,) as the dtype holds it.
        x: (M, d), likewise.
        dtype: with the unit of rounding u.
    """
    u, rule = float(np.finfo(dtype).eps) / 2, network.nonlinearity
    signal = np.asarray(x, dtype=np.float64)
    error = np.zeros_like(signal)
    parts = network.split(np.asarray(w, dtype=np.float64))
    for layer, (W, b) in enumerate(parts):
        weights = np.abs(W).T
        total = np.abs(signal) @ weights + (np.abs(b) if network.bias else 0.0)
        error = error @ weights + (W.shape[1] + 2) * u * total
        signal = signal @ W.T + (b if network.bias else 0.0)
        if layer < len(parts) - 1:
            error *= _STEEPEST
            if rule.name not in ("relu", "linear"):
                error += _FUNCTION * u * (np.abs(signal) + 1 / rule.beta)
            signal = _roughly(rule, signal)
    return np.asarray(error[:, 0], dtype=np.float64)


def _roughly(rule: Activation, z: Float64) -> Float64:
    """σ(z), to a thousandth: the size of a signal is wanted."""
    match rule.name:
        case "relu":
            return np.maximum(z, 0)
        case "tanh":
            return np.tanh(z)
        case "softplus":
            return np.asarray(np.logaddexp(0, rule.beta * z) / rule.beta)
        case "gelu":  # its form by tanh (arXiv 1606.08415)
            t = rule.beta * z
            return np.asarray(0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (t + 0.044715 * t**3))))
        case _:
            return z


def overflows(network: Network, w: Array, inputs: Iterable[Array], patterns: int, dtype: np.dtype[np.floating]) -> bool:
    """Whether f, its first two derivatives, or sums of their squares over patterns could overflow in a dtype at w.

    All are at most R² β P N with R = max(1, |x|) Π (1 + |W_l| + |b_l|): true also where w is not finite.
    """
    w = np.asarray(w, dtype=np.float64)
    largest = [float(np.abs(x).max(initial=1.0)) * np.sqrt(x.shape[-1]) for x in inputs if x.size]
    if not np.isfinite(w).all() or not np.isfinite(largest).all():
        return True
    digits = log10(max(largest, default=1.0)) + sum(
        log10(1 + float(np.abs(W).max(initial=0.0)) * np.sqrt(W.size) + float(np.abs(b).max(initial=0.0)) * len(b))
        for W, b in network.split(w)
    )
    digits = 2 * digits + log10(max(1.0, network.nonlinearity.beta) * patterns * network.size)
    return bool(digits > np.log10(float(np.finfo(dtype).max)))
