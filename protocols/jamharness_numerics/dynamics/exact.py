"""Closed forms of dynamics: the spherical 2-spin at zero temperature, thresholds, and SGD on a quadratic."""

from math import sqrt

import numpy as np
from scipy.special import ive

from jamharness.api import Float64

_SMALL = 1e-8
"""A time below which I₁(4t)/(2t) is 1 to rounding."""


def threshold_energy(p: int) -> float:
    """E_th = −√(2(p−1)/p) per spin, which the zero-temperature dynamics of the spherical p-spin tends to.

    Cugliandolo and Kurchan, Phys. Rev. Lett. 71, 173 (1993); a theorem by arXiv 2305.07956. −2/√3 for p = 3.
    """
    return -sqrt(2 * (p - 1) / p)


def _log_norm(t: Float64) -> Float64:
    """The logarithm of Γ(t), with Γ(t) = I₁(4t)/(2t), the mean of e^(2λt) over Wigner's semicircle on [−2, 2]."""
    some = np.maximum(t, _SMALL)
    return np.asarray(np.where(t > _SMALL, np.log(ive(1, 4 * some) / (2 * some)) + 4 * some, 0.0))


def two_spin_correlation(t: Float64, waiting: Float64) -> Float64:
    """C(t, t′) = Γ((t+t′)/2)/√(Γ(t)Γ(t′)) of p = 2 at T = 0 from a random start, elementwise.

    Cugliandolo and Dean, J. Phys. A 28, 4213 (1995).
    """
    t, waiting = np.asarray(t, dtype=np.float64), np.asarray(waiting, dtype=np.float64)
    return np.asarray(np.exp(_log_norm((t + waiting) / 2) - (_log_norm(t) + _log_norm(waiting)) / 2))


def two_spin_energy(t: Float64) -> Float64:
    """E(t) = −Γ′/(4Γ) of p = 2 at T = 0, elementwise: −I₂(4t)/I₁(4t)."""
    some = np.maximum(np.asarray(t, dtype=np.float64), _SMALL)
    return np.asarray(np.where(np.asarray(t) > _SMALL, -ive(2, 4 * some) / ive(1, 4 * some), -np.asarray(t)))


def quadratic_distance(lag: Float64, rate: float, curvature: float, variance: float) -> Float64:
    """Δ(t_w, t_w + t) per degree of freedom of stationary SGD on a quadratic, elementwise.

    w ← w − η(λw + ξ) with independent ξ of variance σ²: 2s²(1 − (1−ηλ)^t) with s² = ησ²/(λ(2 − ηλ)), and η²σ²t along a
    flat direction.

    Arguments:
        lag: t, in updates.
        rate: η.
        curvature: λ; 0 for a flat direction.
        variance: σ² of the gradient.
    """
    updates = np.asarray(lag, dtype=np.float64)
    if not curvature:
        return np.asarray(rate**2 * variance * updates)
    spread = rate * variance / (curvature * (2 - rate * curvature))
    return np.asarray(2 * spread * (1 - (1 - rate * curvature) ** updates))
