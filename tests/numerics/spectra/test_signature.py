"""How many eigenvalues of Hp are negative in shallow relu networks: a closed form (docs/results.md derives it)."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jamharness_numerics.spectra import count
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import DataRequest, Network, generator
from jamharness.datasets.random import load


def pose(d, h, depth, seed):
    """Far beyond the transition, where many patterns are unsatisfied."""
    network = Network(inputs=d, width=h, depth=depth, activation="relu", bias=True)
    data = load(DataRequest(inputs=d, patterns=6 * network.size, seed=seed))
    w = network.initial(seed=seed) + 0.1 * generator("signature", seed).standard_normal(network.size)
    return NumpyBackend().problem(network, data.x, data.y), w


def signs(problem, w):
    """N_−, N_0 and N_+ of Hp."""
    spectrum = problem.hessian_eigenvalues(w)[2]
    counts = count(spectrum, [spectrum])
    return counts.negative, counts.zero, counts.positive


@settings(max_examples=30, deadline=None)
@given(d=st.integers(1, 7), h=st.integers(1, 6), seed=st.integers(0, 10**4))
def test_one_hidden_layer_has_one_pair_for_each_unit(d, h, seed):
    """A unit's output weight couples to one direction of its inputs: h pairs ±λ, at any w with no unit off."""
    problem, w = pose(d, h, 1, seed)
    (W, b), _ = problem.network.split(w)
    z = problem.x[problem.margins(w) > 0] @ W.T + b
    assume((z > 0).any(axis=0).all())
    assert signs(problem, w) == (h, problem.network.size - 2 * h, h)


@settings(max_examples=60, deadline=None)
@given(d=st.integers(1, 7), h=st.integers(1, 6), seed=st.integers(0, 10**4))
def test_two_hidden_layers_have_as_many_negative_as_positive_modes(d, h, seed):
    """Σ_i rank C_i + h of each sign: C_i (d + 1, h) couples the inputs of unit i to its weights into the next layer."""
    problem, w = pose(d, h, 2, seed)
    (W1, b1), (W2, b2), (a, _) = problem.network.split(w)
    margins = problem.margins(w)
    forces = np.where(margins > 0, margins * problem.y, 0)
    z1 = problem.x @ W1.T + b1
    on1, on2 = z1 > 0, np.maximum(z1, 0) @ W2.T + b2 > 0
    inputs = np.column_stack([problem.x, np.ones(len(problem.y))])
    C = np.einsum("p,pj,j,pi,pk->ikj", forces, on2, a.ravel(), on1, inputs)
    values = np.linalg.svd(C, compute_uv=False)
    large = values > 1e-6 * values.max()
    # Where a unit is on for no unsatisfied pattern, or two for the same, a singular value is zero up to rounding.
    assume((large == (values > 1e-11 * values.max())).all() and (forces @ on2 != 0).all())
    half = int(large.sum()) + h
    assert signs(problem, w) == (half, problem.network.size - 2 * half, half)


@pytest.mark.parametrize(("d", "h"), [(3, 3), (5, 5), (8, 8), (4, 6)])
def test_the_part_of_negative_modes_is_known_beforehand(d, h):
    """At a generic w all ranks are min(d + 1, h), and for d = h C0 is h / (2h + 1), which tends to a half."""
    problem, w = pose(d, h, 2, 2)
    negative = signs(problem, w)[0]
    assert negative == h * min(d + 1, h) + h
    if d == h:
        assert negative / problem.network.size == pytest.approx(h / (2 * h + 1))
