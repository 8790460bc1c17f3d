"""The damped least-squares problem from products with J alone, against the factorised solution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamharness.api.fallbacks import solve_damped
from jamharness.api.krylov import MOST, SHARE, Bidiagonalisation, vectors_worth


def matrix(rows, columns, decades=2.0, seed=0):
    """Gaussian entries with columns scaled over some decades, and positive margins."""
    draw = np.random.default_rng(seed)
    J = draw.standard_normal((rows, columns)) * np.logspace(0, -decades, columns)
    return J, draw.random(rows) + 0.01


def krylov(J, delta):
    return Bidiagonalisation(lambda v: J @ v, lambda u: J.T @ u, delta)


@settings(deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40), st.floats(0, 4), st.floats(-4, 4), st.sampled_from([0.3, 0.1, 1e-3]),
    st.integers(0, 2**32),
)  # fmt: skip
def test_the_residual_is_within_the_tolerance_and_the_promise_is_kept(rows, columns, decades, log_damping, wish, seed):
    """|(JᵀJ + λI) s + JᵀΔ| ≤ tolerance |JᵀΔ|, and the promised decrease is |Δ|² − |Δ + J s|²."""
    J, delta = matrix(rows, columns, decades, seed)
    damping = 10**log_damping
    s, decrease = krylov(J, delta).solve(damping, wish)
    force = J.T @ delta
    assert np.linalg.norm(J.T @ (J @ s + delta) + damping * s) <= wish * np.linalg.norm(force) * (1 + 1e-9)
    assert decrease == pytest.approx(delta @ delta - np.sum((delta + J @ s) ** 2), abs=1e-10 * (delta @ delta))


@pytest.mark.parametrize(("rows", "columns"), [(30, 50), (80, 20), (40, 40), (1, 7), (7, 1)])
def test_to_the_last_digit_it_is_the_factorised_solution(rows, columns):
    """With a tolerance of 1e-12 the step equals that of a QR factorisation, for λ over six decades in any order."""
    J, delta = matrix(rows, columns)
    space = krylov(J, delta)
    for damping in (1.0, 1e-3, 1e3, 1e-2):
        expected = solve_damped(J, delta, damping)
        step, _ = space.solve(damping, 1e-12)
        assert np.linalg.norm(step - expected) <= 1e-8 * np.linalg.norm(expected)


def test_a_larger_damping_needs_no_further_products():
    """One space serves every λ: after a small λ a larger one is free."""
    J, delta = matrix(300, 200)
    space = krylov(J, delta)
    space.solve(1e-2, 0.1)
    spent = space.products
    space.solve(1.0, 0.1)
    space.solve(1e2, 0.1)
    assert space.products == spent


def test_a_rough_solution_takes_few_products():
    """Ten per cent of the residual at a damping of the mean diagonal takes a fraction of min(n, N) products."""
    J, delta = matrix(600, 400, decades=0.5)
    space = krylov(J, delta)
    space.solve(float(np.sum(J**2)) / 400, 0.1)
    assert space.products < 40


def test_a_solution_within_so_many_vectors_or_none():
    """A tolerance that takes more is refused, without more products; enough of them give the same step."""
    J, delta = matrix(60, 40)
    damping = 1e-3 * float(np.sum(J**2)) / 40
    space = krylov(J, delta)
    assert space.solve_within(damping, 1e-6, 5) is None
    assert space.products <= 11
    solution = space.solve_within(damping, 1e-6, 40)
    assert solution is not None
    assert np.allclose(solution[0], krylov(J, delta).solve(damping, 1e-6)[0], rtol=1e-4)


def test_vectors_are_worth_less_than_a_factorisation():
    """None where n is small against N, hundreds where n is large; large systems try what half a factorisation costs."""
    assert vectors_worth(100, 481, 100**3) == 0
    assert vectors_worth(2000, 1281, 2000 * 1281.0**2) == MOST
    size = 8241
    for n in (500, 20_000):
        dense = min(n * n * 441 + n**3 / 3, n * size**2 + size**3 / 3)
        most = vectors_worth(n, size, dense)
        assert most * SHARE * n * size <= dense
    assert most > 100
    assert vectors_worth(0, size, 0.0) == 0


def test_no_force_means_no_step():
    """With Δ = 0, or Δ orthogonal to every column, the step is zero and promises nothing."""
    J, _ = matrix(5, 3)
    assert not krylov(J, np.zeros(5)).solve(1.0, 0.1)[0].any()
    assert not krylov(np.zeros((5, 3)), np.ones(5)).solve(1.0, 0.1)[0].any()
