"""Gaussian points with labels that have nothing to do with them: the reference problem of the papers."""

import numpy as np

from jamharness.api import (
    BadInput,
    DataRequest,
    Float64,
    Patterns,
    alternating,
    fair_signs,
    generator,
    normalised,
)
from jamharness.datasets.checks import request_problems
from jamharness.datasets.classes import ALL


def load(request: DataRequest) -> Patterns:
    """Points x ~ N(0, I_d), centred and projected to |x| = √d unless asked otherwise (arXiv 1809.09349, Methods).

    The points of a seed are drawn one after the other, so that a larger pool begins with the smaller one as long as
    ``normalise`` is off; with it the mean of the pool differs from pool to pool.

    Arguments:
        request: ``patterns`` is required; projection, fit, test_fraction and folder have no effect.

    Returns:
        x (P, d) and y (P,); the test set is empty, since there is nothing to generalise from.

    Raises:
        BadInput: everything that is wrong with the request.
    """
    problems = request_problems(request, endless=True)
    if request.classes == ALL:
        problems.append("classes = all: random points have the classes −1 and +1 alone; leave it out.")
    if problems or request.patterns is None:
        raise BadInput(*problems)
    d, P = request.inputs, request.patterns
    _refuse_excess(P, d)
    x: Float64 = generator("data", "random", d, request.seed).standard_normal((P, d))
    if request.normalise:
        x = normalised(x, x.mean(axis=0))
    if request.labels == "random":
        y = fair_signs(generator("data", "random", "labels", request.seed), P)
    else:
        y = alternating(P)
    description = {
        "dataset": "random",
        "source": "independent N(0, 1) components",
        "normalised": "centred over the pool, |x| = √d" if request.normalise else "no",
        "labels": request.labels,
    }
    return Patterns(x=x, y=y, x_test=np.empty((0, d)), y_test=np.empty(0), description=description)


def _refuse_excess(P: int, d: int) -> None:
    """Refuse a pool that does not fit in memory with the two copies that normalising it makes."""
    import psutil

    needed, free = 3 * 8 * P * d / 2**30, psutil.virtual_memory().available / 2**30
    if needed > free:
        raise BadInput(
            f"patterns = {P}, inputs = {d}: drawing the points needs {needed:.3g} GiB and {free:.3g} are free; "
            "ask for fewer."
        )
