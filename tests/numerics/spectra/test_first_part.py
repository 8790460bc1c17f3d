"""H0 from the tangent kernel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numerics.spectra import count
from jamharness_numerics.spectra.first_part import h0_eigenvalues

from jamharness.api import Network, generator
from jamharness.plugins import load_backend


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 6), depth=st.integers(0, 3), patterns=st.integers(1, 80), seed=st.integers(0, 1000),
    activation=st.sampled_from(["relu", "tanh"]),
)  # fmt: skip
def test_it_is_the_spectrum_of_the_dense_matrix(width, depth, patterns, seed, activation):
    """More patterns than parameters, fewer, and none unsatisfied; the rank is the same."""
    network = Network(inputs=4, width=width, depth=depth, activation=activation)
    draw = generator("first part", seed)
    x, y = draw.standard_normal((patterns, 4)), np.where(draw.random(patterns) < 0.5, -1.0, 1.0)
    problem = load_backend("numpy").problem(network, x, y)
    w = network.initial(seed=seed, scheme="normal")
    exact, spectrum = np.linalg.eigvalsh(problem.hessian(w)[0]), h0_eigenvalues(problem, w)
    assert spectrum == pytest.approx(exact, abs=1e-13 * max(1.0, float(np.abs(exact).max())))
    one, other = count(spectrum, [spectrum]), count(exact, [exact])
    if one.clear and other.clear:
        assert (one.negative, one.zero, one.positive) == (other.negative, other.zero, other.positive)
