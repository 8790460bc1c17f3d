"""The activations with their first two derivatives, elementwise on tensors."""

from math import pi, sqrt

import torch
from torch import Tensor

from jamharness.api import Activation


def value(activation: Activation, z: Tensor) -> Tensor:
    """σ(z)."""
    beta = activation.beta
    match activation.name:
        case "relu":
            return torch.relu(z)
        case "tanh":
            return torch.tanh(z)
        case "gelu":
            return z * _distribution(beta * z)
        case "softplus":
            return torch.logaddexp(torch.zeros_like(z), beta * z) / beta
        case _:
            return z


def slope(activation: Activation, z: Tensor) -> Tensor:
    """σ'(z); for relu 0 at z = 0, as PyTorch's autograd has it."""
    beta = activation.beta
    match activation.name:
        case "relu":
            return (z > 0).to(z.dtype)
        case "tanh":
            return 1 - torch.tanh(z).square()
        case "gelu":
            t = beta * z
            return _distribution(t) + t * _density(t)
        case "softplus":
            return torch.sigmoid(beta * z)
        case _:
            return torch.ones_like(z)


def curvature(activation: Activation, z: Tensor) -> Tensor:
    """σ''(z) of the smooth activations."""
    beta = activation.beta
    match activation.name:
        case "tanh":
            t = torch.tanh(z)
            return -2 * t * (1 - t.square())
        case "gelu":
            t = beta * z
            return beta * _density(t) * (2 - t.square())
        case "softplus":
            p = torch.sigmoid(beta * z)
            return beta * p * (1 - p)
        case _:
            return torch.zeros_like(z)


def _distribution(t: Tensor) -> Tensor:
    """Φ(t) by the complementary error function, exact far into the lower tail, where ``functional.gelu`` is not."""
    return torch.erfc(t * -sqrt(0.5)).mul_(0.5)


def _density(t: Tensor) -> Tensor:
    return torch.exp(-0.5 * t.square()) / sqrt(2 * pi)
