"""How far two correct computations of the same numbers may lie apart.

The model. With u the unit roundoff, a sum of n products has the error of exact arithmetic on factors changed by
independent relative amounts of size u√n (random-walk rounding: Higham and Mary, SIAM J. Sci. Comput. 41, A2815, 2019).
Every rounding of a forward or backward pass through a fully connected network multiplies an entry of w (or of x, when
these are rounded to the working precision), so its effect on a quantity F is at most

    std F_i = u √(2k) · |∂F_i/∂ log(w, x)|,       k = largest fan-in + 4,

2 for the two passes, 4 for bias, activation and conversion; the last factor is measured on the reference by changing
all w and x at random by a small relative amount. What follows the passes is added in quadrature: a sum over P patterns
contributes u √P (|F_i| + √(Σ_μ T_μi²)) with T its terms, a margin κ − y f one rounding, the damped step
u √(n + N) cond |s| with cond that of JᵀJ + λI, and an eigenvalue u √N ‖H‖ and the error of H (Weyl).

Two independent computations differ by √2 more, and the largest of M entries exceeds z standard deviations with
probability M exp(−z²/2) at most: z = √(2 ln(M / p)), with p = 1e-6 for a false alarm.
"""

from collections.abc import Mapping
from math import log, sqrt

import numpy as np

from jamharness.agreement.points import Point
from jamharness.api import Array, Float64

FALSE_ALARM = 1e-6
STEP = 1e-6
"""Relative change of w and x by which sensitivities are measured: √eps of float64 and some reserve."""
SAMPLES = 8


def roundoff(dtype: str) -> float:
    """The unit roundoff u of a dtype."""
    return float(np.finfo(dtype).eps) / 2


def passes(point: Point) -> float:
    """√(2k): roundings of a forward and a backward pass."""
    return sqrt(2 * (max(fan for _, fan in point.network.shapes) + 4))


def allowance(entries: int) -> float:
    """By how many standard deviations the largest of so many differences of two computations may exceed zero."""
    return sqrt(2) * sqrt(2 * log(max(entries, 1) / FALSE_ALARM))


def deviations(
    point: Point,
    reference: Mapping[str, Array],
    sensitive: Mapping[str, Float64],
    summed: Mapping[str, Float64],
    conditioning: tuple[float, float],
) -> dict[str, float]:
    """The largest standard deviation of each quantity's rounding errors, in units of u: its condition times its size.

    Arguments:
        point: where.
        reference: the quantities.
        sensitive: from ``points.sensitivity``.
        summed: from ``points.halves``.
        conditioning: from ``points.conditioning``.
    """
    P, N = len(point.y), point.network.size
    deviation: dict[str, float] = {}
    for name, values in reference.items():
        if name.startswith("eigenvalues"):
            continue
        parts = (passes(point) * sensitive[name]) ** 2
        if name in summed:
            parts = parts + P * (np.abs(values) + summed[name]) ** 2
        if name == "margins":
            parts = parts + point.margin**2 + values**2
        if name == "damped step":
            condition, length = conditioning
            parts = parts + (sqrt(P + N) * condition * length) ** 2
        deviation[name] = float(np.sqrt(parts.max(initial=0.0)))
        if name in ("H0", "Hp"):
            deviation[f"norm of {name}"] = float(np.sqrt(np.sum(parts)))
    for name in reference:
        if name.startswith("eigenvalues"):
            matrices = ("H0", "Hp") if name.endswith(" H") else (name.rpartition(" ")[2],)
            if all(f"norm of {each}" in deviation for each in matrices):
                largest = float(np.abs(reference[name]).max(initial=0.0))
                deviation[name] = sqrt(sum(deviation[f"norm of {each}"] ** 2 for each in matrices) + N * largest**2)
    return {name: value for name, value in deviation.items() if not name.startswith("norm of ")}
