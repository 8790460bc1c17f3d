"""The activations with their first two derivatives, elementwise."""

from math import pi, sqrt

import numpy as np
from scipy.special import expit, ndtr

from jamharness.api import Activation, Array


def _density(t: Array) -> Array:
    return np.asarray(np.exp(-0.5 * t * t) / sqrt(2 * pi))


def value(activation: Activation, z: Array) -> Array:
    """σ(z)."""
    beta = activation.beta
    match activation.name:
        case "relu":
            return np.maximum(z, 0)
        case "tanh":
            return np.tanh(z)
        case "gelu":
            return np.asarray(z * ndtr(beta * z))
        case "softplus":
            return np.asarray(np.logaddexp(0, beta * z) / beta)
        case _:
            return z


def slope(activation: Activation, z: Array) -> Array:
    """σ'(z); for relu 0 at z = 0."""
    beta = activation.beta
    match activation.name:
        case "relu":
            return (z > 0).astype(z.dtype)
        case "tanh":
            return 1 - np.tanh(z) ** 2
        case "gelu":
            return np.asarray(ndtr(beta * z) + beta * z * _density(beta * z))
        case "softplus":
            return np.asarray(expit(beta * z))
        case _:
            return np.ones_like(z)


def curvature(activation: Activation, z: Array) -> Array:
    """σ''(z); for relu 0 everywhere (its kink carries no curvature that a point of w would see)."""
    beta = activation.beta
    match activation.name:
        case "tanh":
            t = np.tanh(z)
            return np.asarray(-2 * t * (1 - t * t))
        case "gelu":
            t = beta * z
            return np.asarray(beta * _density(t) * (2 - t * t))
        case "softplus":
            p = expit(beta * z)
            return np.asarray(beta * p * (1 - p))
        case _:
            return np.zeros_like(z)
