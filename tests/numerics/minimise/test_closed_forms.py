"""The linear network, where the transition and the minimum beyond it are known exactly.

The transition is Cover's count of linear separations (T. M. Cover, IEEE Trans. EC-14, 326, 1965). The minimum is that
of the quadratic hinge for N inputs and αN patterns as N grows, parametric in k = 1/|w|.
"""

import importlib.util
from math import comb

import numpy as np
import pytest
from jamharness_numerics.minimise import minimise
from jamharness_numpy.backend import NumpyBackend
from scipy.optimize import brentq
from scipy.stats import norm

from jamharness.api import DataRequest, Network
from jamharness.datasets.random import load


def cover(patterns, size):
    """The probability that random patterns are separable through the origin: 2^(1−P) Σ_{k<N} C(P−1, k)."""
    return sum(comb(patterns - 1, k) for k in range(size)) / 2 ** (patterns - 1)


def beyond(load_ratio):
    """N_Δ/N and L at α = P/N > 2: α = [(1+k²)Φ + kφ]/Φ², N_Δ/N = αΦ, L = (k + φ/Φ)²/(2α)."""

    def ratio(k):
        return ((1 + k * k) * norm.cdf(k) + k * norm.pdf(k)) / norm.cdf(k) ** 2

    k = brentq(lambda k: ratio(k) - load_ratio, 1e-9, 100)
    return load_ratio * norm.cdf(k), (k + norm.pdf(k) / norm.cdf(k)) ** 2 / (2 * load_ratio)


def test_the_closed_forms_are_those_of_the_literature():
    """The formulas as written here give the published digits."""
    assert (cover(30, 20), cover(40, 20)) == (pytest.approx(0.969286, abs=1e-6), 0.5)
    assert beyond(3.0) == (pytest.approx(2.6371, abs=1e-4), pytest.approx(0.32621, abs=1e-5))
    assert beyond(4.0) == (pytest.approx(3.7865, abs=1e-4), pytest.approx(0.37309, abs=1e-5))


def test_the_satisfied_fraction_is_covers():
    """N = 20, 400 seeds: the SAT fraction at P = 30, 40, 50 is Cover's within three standard errors, none undecided."""
    backend, network, seeds = NumpyBackend(), Network(inputs=20, depth=0, bias=False), 400
    satisfied = {30: 0, 40: 0, 50: 0}
    for seed in range(seeds):
        pool = load(DataRequest(inputs=20, patterns=50, seed=seed, normalise=False, labels="random"))
        previous = "satisfied"
        for patterns in satisfied:
            minimisation = minimise(backend.problem(network, *pool.first(patterns)), network.initial(seed=seed))
            assert minimisation.outcome in ("satisfied", "minimum")
            assert previous == "satisfied" or minimisation.outcome == "minimum"  # nested patterns only grow harder
            previous = minimisation.outcome
            satisfied[patterns] += minimisation.outcome == "satisfied"
    for patterns, count in satisfied.items():
        expected = cover(patterns, 20)
        assert abs(count / seeds - expected) < 3 * np.sqrt(expected * (1 - expected) / seeds), (patterns, count)


def measured(backend, size, load_ratio, seeds):
    """N_Δ/N and L at the minimum of each seed, (seeds, 2)."""
    network = Network(inputs=size, depth=0, bias=False)
    rows = []
    for seed in range(seeds):
        patterns = round(load_ratio * size)
        data = load(DataRequest(inputs=size, patterns=patterns, seed=seed, normalise=False))
        minimisation = minimise(backend.problem(network, data.x, data.y), network.initial(seed=seed))
        assert minimisation.outcome == "minimum"
        assert minimisation.certificate < 1e-8
        rows.append((minimisation.unsatisfied / size, minimisation.loss))
    return np.array(rows)


def meets(rows, expected):
    """The mean within three standard errors, and the standard error itself below 2%."""
    mean, error = rows.mean(axis=0), rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
    assert np.all(error < 0.02 * np.array(expected))
    assert np.all(np.abs(mean - expected) < 3 * error), (mean, expected, error)


@pytest.mark.parametrize("load_ratio", [3.0, 4.0])
def test_the_minimum_beyond_the_transition_at_one_hundred_inputs(load_ratio):
    """N = 100, 16 seeds, the NumPy backend: N_Δ/N and L are those of the closed form within three standard errors."""
    meets(measured(NumpyBackend(), 100, load_ratio, 16), beyond(load_ratio))


@pytest.mark.torch
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")
@pytest.mark.parametrize("load_ratio", [3.0, 4.0])
def test_the_minimum_beyond_the_transition_at_four_hundred_inputs(load_ratio):
    """N = 400, 8 seeds, the PyTorch backend: N_Δ/N and L are those of the closed form within three standard errors."""
    from jamharness_torch.backend import TorchBackend

    meets(measured(TorchBackend(threads=1), 400, load_ratio, 8), beyond(load_ratio))
