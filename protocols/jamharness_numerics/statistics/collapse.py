"""Curves at several sizes: one slope for all, and how far they are from being one curve."""

from collections.abc import Sequence

import numpy as np

from jamharness.api import Float64


def pooled_slope(groups: Sequence[tuple[Float64, Float64]]) -> float:
    """The slope of y in x by least squares, common to all groups, each with an offset of its own; NaN without one.

    Arguments:
        groups: x (n,) and y (n,) of each; what is not finite is left out.
    """
    top = bottom = 0.0
    for x, y in groups:
        known = np.isfinite(x) & np.isfinite(y)
        if np.count_nonzero(known) < 2:
            continue
        dx, dy = x[known] - x[known].mean(), y[known] - y[known].mean()
        top, bottom = top + float(dx @ dy), bottom + float(dx @ dx)
    return top / bottom if bottom > 0 else float("nan")


def distance_of_curves(curves: Sequence[tuple[Float64, Float64]]) -> float:
    """The root mean square difference of y between any two curves at the same x; NaN where none overlap.

    Between points curves are straight; each pair is compared at the points of both within their common range, and all
    these differences have the same weight.

    Arguments:
        curves: x (n,), rising, and y (n,) of each.
    """
    squares: list[float] = []
    for one in range(len(curves)):
        for other in range(one):
            (x, y), (u, v) = curves[one], curves[other]
            if not len(x) or not len(u):
                continue
            low, high = max(x[0], u[0]), min(x[-1], u[-1])
            shared = np.unique(np.concatenate([x, u]))
            shared = shared[(shared >= low) & (shared <= high)]
            if len(shared) < 2:
                continue
            squares += ((np.interp(shared, x, y) - np.interp(shared, u, v)) ** 2).tolist()
    return float(np.sqrt(np.mean(squares))) if squares else float("nan")
