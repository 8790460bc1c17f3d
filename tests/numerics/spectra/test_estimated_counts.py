"""Estimated counts: right within their error where a gap is resolved, refused where none is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numerics.spectra import count, estimate_counts, lanczos, quadrature
from jamharness_numerics.spectra.estimated_counts import christoffel
from jamharness_numerics.spectra.quadrature import probe_vectors

from jamharness.api import generator


def diagonal(d):
    return lambda v: d[:, np.newaxis].astype(v.dtype) * v


def gapped(size, negative, positive, seed=0, least=0.2):
    """A spectrum with that many of each sign in ±(least, 1), and zeros."""
    draw = generator("gapped", seed)
    d = np.zeros(size)
    d[:negative] = -draw.uniform(least, 1, negative)
    d[negative : negative + positive] = draw.uniform(least, 1, positive)
    return d


def estimate(d, **options):
    settings = {"probes": 4, "steps": 100, "kind": "gaussian", **options}
    return estimate_counts(quadrature(diagonal(d), len(d), **settings))


@settings(max_examples=30, deadline=None)
@given(
    size=st.integers(2, 60), steps=st.integers(1, 12), seed=st.integers(0, 10**6), x=st.floats(-2.5, 2.5),
    twins=st.booleans(),
)  # fmt: skip
def test_the_christoffel_function_bounds_the_distribution(size, steps, seed, x, twins):
    """|F(x) − F_m(x)| ≤ ρ(x) for the measure of any start: F is exact here, from the start's own components."""
    draw = generator("christoffel", seed)
    d = np.round(draw.standard_normal(size), 0 if twins else 12)
    q = draw.standard_normal(size)
    (tridiagonal,) = lanczos(diagonal(d), q[:, np.newaxis], steps)
    T = np.diag(tridiagonal.diagonal) + np.diag(tridiagonal.offdiagonal, 1) + np.diag(tridiagonal.offdiagonal, -1)
    theta, S = np.linalg.eigh(T)
    exact = float((q**2)[d <= x].sum() / (q @ q))
    estimated = float((S[0] ** 2)[theta <= x].sum())
    near = min(np.abs(d - x).min(), np.abs(theta - x).min()) < 1e-6
    assert near or abs(exact - estimated) <= christoffel(tridiagonal, np.array([x]))[0] + 1e-9


def test_it_falls_exponentially_in_a_gap_and_slowly_in_a_band():
    """Twice the steps: the square of ρ in a gap; half of it, within a factor, in the middle of a uniform density."""
    gap, band = gapped(2000, 1000, 1000), np.linspace(-1, 1, 2000)
    for d, expected in ((gap, "square"), (band, "half")):
        one, two = (christoffel(lanczos(diagonal(d), probe_vectors(2000, 1), m)[0], np.zeros(1))[0] for m in (20, 40))
        if expected == "square":
            assert two < 10 * one**2
        else:
            assert 0.3 < two / one < 0.7


def test_counts_are_right_within_their_error():
    """Over 40 seeds of probes: mean deviation within noise, and a spread that is the stated standard error."""
    d = gapped(400, 90, 130)
    errors = []
    for seed in range(40):
        counts = estimate(d, seed=seed)
        assert counts.refusal == ""
        assert counts.negative + counts.zero + counts.positive == pytest.approx(400)
        errors.append([
            (counts.negative - 90) / counts.negative_error,
            (counts.zero - 180) / counts.zero_error,
            (counts.positive - 130) / counts.positive_error,
        ])  # fmt: skip
    assert np.abs(np.mean(errors, axis=0)).max() < 3 / np.sqrt(40)
    # The standard deviation of 40 samples has a relative error of 1/√80; three of them.
    assert np.std(errors, axis=0) == pytest.approx(1, abs=0.34)


@settings(max_examples=25, deadline=None)
@given(
    size=st.integers(1, 300), parts=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)), steps=st.integers(2, 80),
    least=st.floats(0.001, 0.9), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_what_is_undecided_bounds_the_error_of_the_steps(size, parts, steps, least, seed):
    """Against the probes' own measures, which have no noise: the count of each sign is off by at most that."""
    d = gapped(size, int(parts[0] * size), int(parts[1] * size), seed, least)
    counts = estimate(d, steps=steps, seed=seed, probes=3)
    if not counts.refusal:
        q = probe_vectors(size, 3, seed, "gaussian") ** 2
        share = size * (q / q.sum(axis=0)).mean(axis=1)
        slack = counts.undecided + 1e-9 * size
        assert abs(share[d < -counts.threshold].sum() - counts.negative) <= slack
        assert abs(share[d > counts.threshold].sum() - counts.positive) <= slack
        assert abs(share[np.abs(d) <= counts.width].sum() - counts.zero) <= slack


def test_random_signs_do_no_worse():
    """Their error is at most the stated one: for a dense orthogonal transform of the spectrum, over 20 seeds."""
    d = gapped(200, 60, 60)
    Q = np.linalg.qr(generator("rotation").standard_normal((200, 200)))[0]
    A = (Q * d) @ Q.T
    errors = []
    for seed in range(20):
        counts = estimate_counts(quadrature(lambda v: A @ v, 200, probes=4, steps=100, seed=seed))
        errors.append((counts.negative - 60) / counts.negative_error)
    assert np.sqrt(np.mean(np.square(errors))) < 1 + 3 / np.sqrt(40)


def test_the_error_falls_with_probes():
    """As 1/√k."""
    d = gapped(400, 90, 130)
    assert estimate(d, probes=1).zero_error == pytest.approx(4 * estimate(d, probes=16).zero_error, rel=0.2)


@pytest.mark.parametrize(
    ("name", "d"),
    [
        ("a uniform band through zero", np.linspace(-1, 1, 1000)),
        ("zeros inside a band", np.concatenate([np.zeros(500), np.linspace(-1, 1, 500)])),
        ("an outlier beside a band", np.concatenate([np.linspace(-0.02, 0.02, 999), [1.0]])),
        ("a narrow band where zeros would be", np.concatenate([np.linspace(-1e-4, 1e-4, 500), gapped(500, 250, 250)])),
        ("a power law", np.geomspace(1e-9, 1, 1000)),
    ],
)
def test_without_a_gap_there_is_a_refusal(name, d):
    """No numbers, and a sentence with advice; the exact count has no such trouble."""
    counts = estimate(d)
    assert counts.refusal.startswith("No gap around zero is resolved: ")
    assert "more steps" in counts.refusal
    assert counts.negative is counts.zero is counts.positive is counts.zero_error is None
    assert count(d, [d]).negative == np.count_nonzero(d < -1e-12)


def test_enough_steps_turn_a_refusal_into_a_count():
    """The same gap, unresolved by 10 steps and resolved by 100."""
    d = gapped(1000, 300, 200)
    assert estimate(d, steps=10).refusal
    counts = estimate(d)
    assert counts.refusal == ""
    assert counts.undecided < 1
    assert 0 < counts.threshold < 0.2
    assert 0 < counts.width < 1e-6


@pytest.mark.parametrize(
    ("d", "expected"),
    [
        (np.zeros(30), (0, 30, 0)),
        (np.ones(30), (0, 0, 30)),
        (gapped(3000, 0, 3000), (0, 0, 3000)),
        (-gapped(3000, 0, 3000), (3000, 0, 0)),
        (np.array([-1.0, 0.0, 2.0]), None),
    ],
)
def test_what_is_of_one_sign_is_counted_without_error(d, expected):
    """H = 0, definite matrices; a matrix of three rows is exhausted by three steps."""
    counts = estimate(d)
    assert counts.refusal == ""
    if expected is not None:
        assert (counts.negative, counts.zero, counts.positive) == pytest.approx(expected, abs=1e-8 * len(d))
        assert max(counts.negative_error, counts.zero_error, counts.positive_error) < 1e-3
    assert counts.negative + counts.zero + counts.positive == pytest.approx(len(d))


def test_a_small_eigenvalue_that_is_seen_is_not_called_zero():
    """Where the space is exhausted zero is the level of rounding, as in the exact count."""
    d = np.concatenate([np.linspace(0.5, 1, 20), [0.0, -1e-11]])
    counts = estimate_counts(quadrature(diagonal(d), len(d), probes=8, steps=len(d), kind="gaussian"))
    exact = count(d, [d])
    assert (exact.negative, exact.zero, exact.positive) == (1, 1, 20)
    assert counts.refusal or counts.negative > 0


def test_float32_has_a_coarser_zero():
    """The rounding level is that of the dtype: roundings of 1e-8 are zeros in float32 and a band in float64."""
    d = np.concatenate([1e-8 * np.linspace(-1, 1, 500), gapped(500, 250, 250, least=0.5)])
    assert estimate(d.astype(np.float32), dtype="float32").refusal == ""
