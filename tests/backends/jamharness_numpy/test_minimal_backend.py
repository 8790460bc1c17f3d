"""A backend with three methods gets everything else from the api."""

import numpy as np
import pytest
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import Adam, Backend, Fire, Network, NotSupported, Problem, QuadraticHinge, State


class OwnProblem(Problem):
    """tanh networks, written as a third party would."""

    def forward(self, w, x):
        layers, signals = self.network.split(w), [x]
        for W, b in layers[:-1]:
            signals.append(np.tanh(signals[-1] @ W.T + b))
        W, b = layers[-1]
        return layers, signals, (signals[-1] @ W.T + b)[:, 0]

    def outputs(self, w, x):
        return self.forward(w, x)[2]

    def margins(self, w):
        return self.loss.margin - self.y * self.outputs(w, self.x)

    def loss_and_gradient(self, w):
        layers, signals, f = self.forward(w, self.x)
        hinge = np.maximum(0, self.loss.margin - self.y * f)
        back, parts = (-self.y * hinge / self.patterns)[:, None], []
        for (W, _), a in zip(layers[::-1], signals[::-1], strict=True):
            parts = [(back.T @ a).ravel(), back.sum(axis=0), *parts]
            back = (back @ W) * (1 - a**2)
        return float(hinge @ hinge) / (2 * self.patterns), np.concatenate(parts)


class OwnBackend(Backend):
    """Three methods and no capability."""

    name = "own"

    def problem(self, network, x, y, loss=None):
        return OwnProblem(self, network, x, y, loss or QuadraticHinge())

    def describe(self):
        return {"backend": self.name}


NETWORK = Network(inputs=4, width=(5, 3), depth=2, activation="tanh")


def problems(patterns):
    """The same problem under the minimal backend and under the referee."""
    draw = np.random.default_rng(patterns)
    x, y = draw.standard_normal((patterns, 4)), np.where(np.arange(patterns) % 2, 1.0, -1.0)
    return [backend.problem(NETWORK, x, y) for backend in (OwnBackend(), NumpyBackend())]


W = NETWORK.initial(seed=4)


def test_the_required_methods_equal_the_referee():
    """The three methods written in this file are right, or the rest would say nothing."""
    own, referee = problems(30)
    assert own.margins(W) == pytest.approx(referee.margins(W), rel=1e-14)
    (loss, gradient), (expected, slope) = own.loss_and_gradient(W), referee.loss_and_gradient(W)
    assert loss == pytest.approx(expected, rel=1e-14)
    assert gradient == pytest.approx(slope, abs=1e-15)


def test_the_default_jacobian_equals_the_referees():
    """J by one gradient per row, in the order asked for."""
    own, referee = problems(30)
    rows = np.array([29, 0, 7, 7])
    assert own.jacobian(W, rows) == pytest.approx(referee.jacobian(W, rows), abs=1e-14)


@pytest.mark.parametrize("patterns", [10, 200], ids=["n below N", "n above N"])
@pytest.mark.parametrize("damping", [1e-3, 1.0, 1e3])
def test_the_default_step_solves_the_damped_system(patterns, damping):
    """(JᵀJ + λI) s = −JᵀΔ with the referee's J, and the candidate's own loss, count and promise."""
    own, referee = problems(patterns)
    step = own.damped_step(W, damping)
    margins = referee.margins(W)
    rows = np.flatnonzero(margins > 0)
    J, delta, s = referee.jacobian(W, rows), margins[rows], step.w - W
    residual = J.T @ (J @ s + delta) + damping * s
    assert np.abs(residual).max() < 1e-11 * np.abs(J.T @ delta).max()
    after = np.maximum(referee.margins(step.w), 0)
    assert step.loss == pytest.approx(after @ after / (2 * patterns), rel=1e-12)
    assert step.unsatisfied == np.count_nonzero(after)
    rest = delta + J @ s
    assert step.predicted_decrease == pytest.approx((delta @ delta - rest @ rest) / (2 * patterns), rel=1e-10)
    assert referee.damped_step(W, damping).w == pytest.approx(step.w, rel=1e-11)


@pytest.mark.parametrize("rule", [Adam(learning_rate=1e-3), Fire()], ids=["adam", "fire"])
def test_the_default_descent_equals_the_referees(rule):
    """100 updates from the default rule are those of the referee."""
    own, referee = problems(30)
    state, expected = own.descend(State(w=W), 100, rule), referee.descend(State(w=W), 100, rule)
    assert state.step == expected.step == 100
    assert state.w == pytest.approx(expected.w, abs=1e-12)
    assert np.abs(state.w - W).max() > 1e-2


def test_what_has_no_default_says_so():
    """The methods without a fallback raise NotSupported, naming the capability."""
    own, _ = problems(30)
    calls = {
        "hessian": lambda: own.hessian(W),
        "hessian_eigenvalues": lambda: own.hessian_eigenvalues(W),
        "hessian_vector": lambda: own.hessian_vector(W, W[:, None]),
        "tangent_kernel": lambda: own.tangent_kernel(W, own.x, own.x),
    }
    for name, call in calls.items():
        with pytest.raises(NotSupported, match=f"'{name}'"):
            call()
