"""First-order updates in one compiled loop equal the rules of the api, step for step."""

import numpy as np
import pytest

from jamharness.api import Adam, DataRequest, Fire, Network, Sgd, State, fallbacks
from jamharness.datasets.random import load

tf = pytest.importorskip("tensorflow")
from jamharness_tensorflow.backend import TensorFlowBackend  # noqa: E402  (needs tensorflow)

pytestmark = pytest.mark.tensorflow

SMALL = Network(inputs=5, width=6, depth=2, activation="relu")
RULES = pytest.mark.parametrize(
    "rule",
    [Adam(learning_rate=1e-2, decay_every=60), Fire(), Sgd(learning_rate=0.05, momentum=0.9)],
    ids=["adam", "fire", "sgd"],
)


def pose(network, patterns, seed=0, dtype="float64"):
    """Normalised random data, as in the papers, and the papers' initial weights."""
    data = load(DataRequest(inputs=network.inputs, patterns=patterns, seed=seed))
    return TensorFlowBackend(dtype=dtype, threads=1).problem(network, data.x, data.y), network.initial(seed=seed)


def relative(actual, expected):
    """The largest difference over the largest entry."""
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


@RULES
def test_updates_equal_the_rule_of_the_api(rule):
    """200 compiled updates equal the NumPy rule with the same gradients to 1e-10, moments included."""
    problem, w = pose(SMALL, 300)
    state, expected = problem.descend(State(w=w), 200, rule), fallbacks.descend(problem, State(w=w), 200, rule)
    assert state.step == expected.step == 200
    assert relative(state.w, expected.w) < 1e-10
    assert state.moments.keys() == expected.moments.keys()
    assert all(relative(state.moments[name], expected.moments[name]) < 1e-8 for name in state.moments)


@RULES
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_chunks_equal_one_call_exactly(rule, dtype):
    """Updates in chunks of any length give the same bits as updates at once, in either precision."""
    problem, w = pose(SMALL, 300, dtype=dtype)
    whole = problem.descend(State(w=w), 200, rule)
    state = State(w=w)
    for steps in (1, 59, 0, 100, 40):
        state = problem.descend(state, steps, rule)
    assert state.step == whole.step == 200
    assert state.w.dtype == np.dtype(dtype)
    assert np.array_equal(state.w, whole.w)
    assert all(np.array_equal(state.moments[name], whole.moments[name]) for name in whole.moments)


@pytest.mark.parametrize("rule", [Adam(learning_rate=1e-2), Fire(), Sgd(learning_rate=0.05, momentum=0.9)])
def test_descent_stops_at_the_first_w_that_satisfies_every_pattern(rule):
    """The state is that of the first w with N_Δ = 0, and no update is made from there."""
    problem, w = pose(SMALL, 20)
    state = problem.descend(State(w=w), 5000, rule)
    assert 0 < state.step < 5000
    assert problem.margins(state.w).max() <= 0
    assert problem.margins(problem.descend(State(w=w), state.step - 1, rule).w).max() > 0
    assert problem.descend(state, 10, rule).step == state.step


def test_one_graph_serves_every_sharpness():
    """A continuation in β does not trace again: the number of graphs stays what it was after the first β."""
    network = Network(inputs=5, width=6, depth=2, activation="softplus(2)")
    problem, w = pose(network, 40)
    problem.damped_step(w, 1.0)
    before = problem.program.linearise.experimental_get_tracing_count()
    for beta in (4, 8, 16):
        problem.with_activation(f"softplus({beta})").damped_step(w, 1.0)
    assert problem.program.linearise.experimental_get_tracing_count() == before


def test_another_number_of_threads_is_refused_in_a_sentence():
    """TensorFlow cannot change its threads once it computes; it says so instead of ignoring the wish."""
    from jamharness.api import BadInput

    pose(SMALL, 20)[0].margins(SMALL.initial())
    with pytest.raises(BadInput, match="threads = 3: TensorFlow already computes with 1 threads"):
        TensorFlowBackend(threads=3)
