"""Several networks on the same patterns: how far apart their outputs are, and what their mean is worth."""

from itertools import combinations
from math import comb

import numpy as np

from jamharness.api import Float64, generator

SUBSETS = 64
"""Ensembles of K out of all networks: all of them up to so many, as many drawn ones beyond."""


def fluctuation(outputs: Float64) -> float | None:
    """The standard deviation over networks of the output, root mean square over points; None for one network.

    Arguments:
        outputs: (K, M), of K networks at M points.
    """
    return float(np.sqrt(outputs.var(axis=0, ddof=1).mean())) if len(outputs) > 1 else None


def subsets(networks: int, size: int) -> Float64:
    """Which networks each ensemble has, (ensembles, K) indices.

    Arguments:
        networks: how many there are.
        size: K.
    """
    if comb(networks, size) <= SUBSETS:
        return np.array(list(combinations(range(networks), size)))
    draw = generator("subsets", networks, size)
    return np.array([draw.permutation(networks)[:size] for _ in range(SUBSETS)])


def ensemble_outputs(outputs: Float64, size: int) -> Float64:
    """The mean outputs of ensembles of K networks, (ensembles, M).

    Arguments:
        outputs: (networks, M).
        size: K.
    """
    return np.array([outputs[some].mean(axis=0) for some in subsets(len(outputs), size)])


def errors(outputs: Float64, y: Float64) -> Float64:
    """The part of the points whose sign is wrong, (…,); an output of zero is wrong.

    Arguments:
        outputs: (…, M).
        y: (M,) of ±1.
    """
    return np.asarray((outputs * y <= 0).mean(axis=-1))


def worth(curve: Float64, target: float) -> float | None:
    """The K at which an error that falls with K reaches a target, between whole numbers on a straight line in log K.

    Arguments:
        curve: (n,) the error at K = 1, …, n.
        target: the error to reach.

    Returns:
        None where it is not reached, or was already below at K = 1.
    """
    if not curve[0] > target:
        return None
    below = np.flatnonzero(curve <= target)
    if not below.size:
        return None
    after = int(below[0])
    high, low = float(curve[after - 1]), float(curve[after])
    part = (high - target) / (high - low)
    return float(np.exp(np.log(after) + part * (np.log(after + 1) - np.log(after))))
