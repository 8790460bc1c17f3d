"""The end of a minimisation, computed again by formulas that no backend has a part in."""

from dataclasses import replace

import numpy as np
import pytest
from jamharness_numerics.minimise import minimise
from jamharness_numerics.minimise.check import check
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import BackendError, Network
from jamharness.testing import cases

DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])


def pose(activation="relu", patterns=40, dtype="float64", depth=1, scale=1.0):
    """A small problem and where its search starts."""
    network = Network(inputs=4, width=3, depth=depth, activation=activation)
    draw = np.random.default_rng(patterns)
    x, y = draw.standard_normal((patterns, 4)), np.where(np.arange(patterns) % 2, 1.0, -1.0)
    return NumpyBackend(dtype=dtype).problem(network, x, y), scale * network.initial()


@DTYPES
@pytest.mark.parametrize("case", cases.CASES, ids=str)
def test_rounding_is_no_disagreement(case, dtype):
    """At the w of every case of the conformance suite, scaled by 0.01 to 100, the referee's margins pass."""
    problem = case.problem(NumpyBackend(dtype=dtype))
    end = minimise(*pose(), budget=1)
    for scale in (0.01, 1.0, 100.0):
        w = (scale * case.w).astype(dtype)
        margins = problem.margins(w)
        hinge = np.maximum(margins, 0)
        loss, count = float(hinge @ hinge) / (2 * case.patterns), int(np.count_nonzero(hinge))
        check(problem, replace(end, w=w, loss=loss, unsatisfied=count, outcome="undecided"), "lm", margins)


@pytest.mark.parametrize(
    ("activation", "patterns", "depth", "method", "outcome"),
    [
        ("relu", 10, 1, "lm", "satisfied"),
        ("relu", 60, 1, "lm", "arrested"),
        ("tanh", 10, 1, "lm", "satisfied"),
        ("linear", 40, 1, "lm", "minimum"),
        ("linear", 40, 0, "lm", "minimum"),
        ("gelu", 10, 2, "adam", None),
    ],
)
def test_what_a_right_backend_finds_passes(activation, patterns, depth, method, outcome):
    """Whole minimisations of the referee, each kind of end."""
    problem, w = pose(activation, patterns, depth=depth)
    end = minimise(problem, w, method, budget=None if method == "lm" else 500)
    assert outcome in (None, end.outcome)
    check(problem, end, method, problem.margins(end.w))


WRONG = {
    "margins of a factor": (lambda end, margins: (end, margins * (1 + 1e-9)), "has margins of pattern"),
    "half the margins": (lambda end, margins: (end, margins[::2]), r"has margins of shape \(30,\); .* shape \(60,\)"),
    "NaN in the margins": (
        lambda end, margins: (end, np.where(margins > 0, np.nan, margins)),
        "has margins of pattern",
    ),
    "a count": (lambda end, margins: (replace(end, unsatisfied=0), margins), "counts 0 unsatisfied patterns"),
    "a loss": (lambda end, margins: (replace(end, loss=1.001 * end.loss), margins), "has L = "),
    "a balance": (
        lambda end, margins: (replace(end, balance=0.01), margins),
        "has the net force over its parts = ",
    ),
    "another w": (lambda end, margins: (replace(end, w=1.01 * end.w), margins), "has margins of pattern"),
}


@pytest.mark.parametrize("fault", list(WRONG))
def test_a_wrong_end_is_the_backends_fault(fault):
    """One sentence that names the backend, what it has and what NumPy gives."""
    problem, w = pose("relu", 60)
    end = minimise(problem, w)
    assert end.outcome == "arrested"
    spoil, words = WRONG[fault]
    with pytest.raises(BackendError, match=f"^Backend 'numpy' is wrong: at the end of a minimisation it {words}"):
        check(problem, *spoilt(spoil, end, problem.margins(end.w)))


def spoilt(spoil, end, margins):
    """The arguments of ``check`` behind the problem."""
    end, margins = spoil(end, margins)
    return end, "lm", margins


@DTYPES
@pytest.mark.parametrize("scale", [1e200, float("inf"), float("nan")])
def test_a_loss_that_became_nan_is_nobodys_fault(scale, dtype):
    """Where the formulas overflow as well, the end stays what it is: undecided."""
    problem, w = pose(dtype=dtype, depth=3)
    with np.errstate(all="ignore"):
        w = scale * w
        end = minimise(problem, w, budget=3)
        assert end.outcome == "undecided"
        assert "NaN or infinite" in end.reason
        check(problem, end, "lm", problem.margins(end.w))
