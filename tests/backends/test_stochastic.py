"""Minibatches and noise: the same in every framework, in any chunks, and with the statistics of closed forms."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from jamharness_numerics.dynamics import quadratic_distance

from jamharness.api import (
    Adam,
    BadInput,
    CrossEntropy,
    Langevin,
    Linear,
    Minibatch,
    Network,
    QuadraticHinge,
    Sgd,
    Spherical,
    State,
    System,
    generator,
)
from jamharness.plugins import load_backend

FRAMEWORKS = [
    pytest.param("torch", marks=pytest.mark.torch),
    pytest.param("tensorflow", marks=pytest.mark.tensorflow),
]
NETWORK = Network(inputs=4, width=6, depth=2)
RULE = Minibatch(rule=Sgd(learning_rate=0.05, momentum=0.5), batch=7, seed=5)


def patterns(count=40, inputs=4):
    draw = generator("stochastic tests", count, inputs)
    return draw.standard_normal((count, inputs)), np.where(draw.random(count) < 0.5, -1.0, 1.0)


def problem_of(name, system=NETWORK, loss=None):
    return load_backend(name, threads=1).problem(system, *patterns(), loss=loss or QuadraticHinge())


def test_an_epoch_sees_every_pattern_once():
    """Whole batches of one order; another order in the next epoch, and for another seed."""
    rule = Minibatch(batch=8, seed=1)
    epoch = np.concatenate([rule.rows(step, 40) for step in range(5)])
    np.testing.assert_array_equal(np.sort(epoch), np.arange(40))
    following = np.concatenate([rule.rows(step, 40) for step in range(5, 10)])
    np.testing.assert_array_equal(np.sort(following), np.arange(40))
    assert not np.array_equal(epoch, following)
    assert not np.array_equal(epoch[:8], Minibatch(batch=8, seed=2).rows(0, 40))
    assert len(Minibatch(batch=7).rows(4, 40)) == 7
    np.testing.assert_array_equal(np.sort(Minibatch(batch=100).rows(9, 40)), np.arange(40))


def test_batches_with_replacement_are_independent():
    """Each pattern as often as chance has it, twice in a batch too."""
    rule = Minibatch(batch=20, replacement=True)
    drawn = np.concatenate([rule.rows(step, 10) for step in range(2000)])
    counts = np.bincount(drawn, minlength=10)
    assert np.sum((counts - 4000) ** 2 / 4000) < 27.9  # χ² of 9 degrees of freedom at 1e-3
    assert len(set(rule.rows(0, 10).tolist())) < 20


@pytest.mark.parametrize("name", ["numpy", *FRAMEWORKS])
def test_the_gradient_of_a_minibatch(name):
    """It is the mean of the gradients of its patterns, one of them twice; that of all patterns is ∇L."""
    for system, loss in ((NETWORK, None), (NETWORK, CrossEntropy()), (Spherical(network=NETWORK), None)):
        problem = problem_of(name, system, loss)
        w, rows = system.initial(3), np.array([3, 11, 3, 38])
        alone = [problem.batch_gradient(w, rows[i : i + 1]) for i in range(4)]
        np.testing.assert_allclose(problem.batch_gradient(w, rows), np.mean(alone, axis=0), atol=1e-14)
        np.testing.assert_allclose(
            problem.batch_gradient(w, np.arange(40)), problem.loss_and_gradient(w)[1], atol=1e-14
        )


@pytest.mark.parametrize("rule", [RULE, Minibatch(rule=Adam(learning_rate=1e-2), batch=7)])
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_framework_makes_the_same_updates(name, rule):
    """One update to 1e-12, a hundred to the horizon, under closed forms and under a derived loss."""
    for loss in (None, CrossEntropy()):
        start = State(w=NETWORK.initial(1))
        one, other = problem_of("numpy", loss=loss), problem_of(name, loss=loss)
        for steps, allowed in ((1, 1e-12), (100, 1e-9)):
            expected, state = (problem.descend(start, steps, rule) for problem in (one, other))
            np.testing.assert_allclose(state.w, expected.w, atol=allowed)
            assert (state.step, set(state.moments)) == (steps, set(expected.moments))


@pytest.mark.parametrize("name", ["numpy", *FRAMEWORKS])
def test_chunks_of_any_length_are_the_same_run(name):
    """The number of the update decides which patterns it sees."""
    problem, state = problem_of(name), State(w=NETWORK.initial(1))
    whole = problem.descend(state, 30, RULE)
    for steps in (1, 12, 0, 17):
        state = problem.descend(state, steps, RULE)
    np.testing.assert_array_equal(state.w, whole.w)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_an_optimizer_of_somebody_else(name):
    """A rule that no framework knows takes the update loop of the api."""

    @dataclass(frozen=True)
    class Signs:
        rate: float = 1e-3

        def update(self, state, gradient):
            return State(w=state.w - self.rate * np.sign(gradient), step=state.step + 1)

    start = State(w=NETWORK.initial(2))
    expected, end = (problem_of(each).descend(start, 20, Signs()) for each in ("numpy", name))
    np.testing.assert_allclose(end.w, expected.w, atol=1e-12)


@dataclass(frozen=True, kw_only=True)
class Springs(System):
    """L = (λ/2M) Σ_μ |w − x_μ|²: a quadratic whose minibatch gradients differ by λ times a mean of x alone."""

    along: ClassVar[tuple[str, ...]] = ("x",)
    springs: int
    curvature: float

    @property
    def size(self):
        return self.springs

    def gaps(self, xp, w, data):
        apart = data["x"] - w
        return -0.5 * self.curvature * xp.sum(apart * apart, axis=1)

    def load(self, constraints, margin):
        return 0.0


def test_sgd_on_a_quadratic():
    """Δ(t_w, t_w + t) is the closed form within three standard errors, at every t; without correlations it is not."""
    springs, curvature, batch, rate = 400, 0.5, 4, 0.4
    x = generator("springs").standard_normal((64, springs))
    variance = curvature**2 * np.var(x, axis=0) / batch
    problem = load_backend("numpy").problem(Springs(springs=springs, curvature=curvature), {"x": x}, Linear())
    lags, moved = np.array([1, 2, 4, 8, 16]), []
    for seed in range(30):
        rule = Minibatch(rule=Sgd(learning_rate=rate), batch=batch, seed=seed, replacement=True)
        state = problem.descend(State(w=x.mean(axis=0)), 60, rule)
        start = state.w
        values = []
        for steps in np.diff(lags, prepend=0).tolist():
            state = problem.descend(state, steps, rule)
            values.append(np.mean((state.w - start) ** 2 / variance))
        moved.append(values)
    distances, error = np.mean(moved, axis=0), np.std(moved, axis=0, ddof=1) / np.sqrt(30)
    expected = quadratic_distance(lags, rate, curvature, 1.0)
    assert np.all(np.abs(distances - expected) < 3 * error)
    assert np.all(np.abs(distances - quadratic_distance(lags, rate, 0.0, 1.0))[2:] > 3 * error[2:])


def test_diffusion_along_a_flat_direction_is_the_limit():
    """η²σ²t, which small curvatures tend to."""
    lags = np.array([1.0, 10.0, 100.0])
    flat, nearly = (quadratic_distance(lags, 0.1, curvature, 2.0) for curvature in (0.0, 1e-9))
    np.testing.assert_allclose(flat, 0.02 * lags)
    np.testing.assert_allclose(nearly, flat, rtol=1e-6)


def test_what_cannot_be_is_refused():
    """In sentences; and a system without data of its own has no minibatches."""
    with pytest.raises(BadInput, match="at least 1"):
        Minibatch(batch=0)
    with pytest.raises(BadInput) as error:
        Langevin(temperature=-1.0, dt=0.0)
    assert len(error.value.problems) == 2
