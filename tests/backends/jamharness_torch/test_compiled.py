"""Compiled updates follow the rules of the api, in chunks of any length, and give way where nothing can be compiled."""

import logging
from shutil import which

import numpy as np
import pytest

from jamharness.api import Adam, DataRequest, Fire, Flow, Network, Sgd, State, fallbacks
from jamharness.datasets.random import load

pytestmark = [pytest.mark.torch, pytest.mark.skipif(which("g++") is None, reason="there is no compiler here")]
RULES = {
    "adam": Adam(learning_rate=1e-2, decay_every=20),
    "fire": Fire(),
    "sgd": Sgd(learning_rate=0.05, momentum=0.9),
    "flow": Flow(dt=0.3),
}


@pytest.fixture(scope="module")
def compiled():
    from jamharness_torch import compiled

    return compiled


@pytest.fixture
def at_once(compiled, monkeypatch):
    """Updates are compiled from the first, three in a program: eight take the compiler longer."""
    monkeypatch.setattr(compiled, "AFTER", 0)
    monkeypatch.setattr(compiled, "UNROLLED", 3)
    monkeypatch.setattr(compiled, "_failed", [])


def interpreted(monkeypatch, compiled):
    """Programs run as they are written."""
    import torch

    # Without the cache, which must keep what is really compiled and nothing else.
    monkeypatch.setattr(compiled, "_program", compiled._program.__wrapped__)
    monkeypatch.setattr(torch, "compile", lambda function, **_options: function)
    monkeypatch.setattr(compiled, "UNROLLED", 3)


def pose(patterns=34, width=4, dtype="float64"):
    from jamharness_numpy.backend import NumpyBackend
    from jamharness_torch.backend import TorchBackend

    network = Network(inputs=3, width=width, depth=2, activation="tanh")
    data = load(DataRequest(inputs=3, patterns=patterns, seed=0))
    backends = TorchBackend(dtype=dtype, threads=1), NumpyBackend()
    return *(backend.problem(network, data.x, data.y) for backend in backends), network.initial(seed=0)


@pytest.mark.parametrize(("name", "really"), [("adam", True), ("fire", False), ("sgd", False), ("flow", False)])
def test_compiled_updates_follow_the_rule(at_once, compiled, monkeypatch, name, really):
    """50 updates, the memory included; other numbers of patterns use the same program.

    To compile takes longer than all the rest: one rule is compiled, the programs of the others are only interpreted.
    """
    if not really:
        interpreted(monkeypatch, compiled)
    for patterns in (34, 20):
        mine, referee, w = pose(patterns)
        state = mine.descend(State(w=w), 50, RULES[name])
        expected = fallbacks.descend(referee, State(w=w), 50, RULES[name])
        assert not compiled.why_not()
        assert state.step == expected.step == 50
        np.testing.assert_allclose(state.w, expected.w, rtol=0, atol=1e-11)
        assert state.moments.keys() == expected.moments.keys()
        for key in state.moments:
            np.testing.assert_allclose(state.moments[key], expected.moments[key], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", list(RULES))
def test_chunks_of_any_length_give_the_same_bits(at_once, compiled, monkeypatch, name):
    """A program is left in its midst where a chunk ends."""
    if name != "adam":
        interpreted(monkeypatch, compiled)
    mine, _, w = pose()
    whole = mine.descend(State(w=w), 50, RULES[name])
    state = State(w=w)
    for steps in (1, 18, 0, 21, 10):
        state = mine.descend(state, steps, RULES[name])
    assert state.step == whole.step
    assert np.array_equal(state.w, whole.w)


def test_the_change_from_eager_to_compiled_depends_on_the_number_alone(compiled, monkeypatch):
    """At once and in chunks the same updates are compiled."""
    monkeypatch.setattr(compiled, "AFTER", 20)
    monkeypatch.setattr(compiled, "_failed", [])
    mine, referee, w = pose()
    rule = RULES["adam"]
    whole = mine.descend(State(w=w), 45, rule)
    state = State(w=w)
    for steps in (7, 20, 18):
        state = mine.descend(state, steps, rule)
    assert np.array_equal(state.w, whole.w)
    np.testing.assert_allclose(whole.w, fallbacks.descend(referee, State(w=w), 45, rule).w, rtol=0, atol=1e-11)


def test_compiled_updates_stop_where_every_pattern_is_satisfied(at_once):
    """At the same update as the rule, and the next call moves nothing."""
    mine, referee, w = pose(patterns=6, width=6)
    rule = Adam(learning_rate=1e-2)
    expected = fallbacks.descend(referee, State(w=w), 1000, rule)
    assert 1 < expected.step < 1000
    state = mine.descend(State(w=w), 1000, rule)
    assert state.step == expected.step
    assert not (mine.margins(state.w) > 0).any()
    assert np.array_equal(mine.descend(state, 10, rule).w, state.w)


def test_float32_stays_float32(at_once):
    mine, _, w = pose(dtype="float32")
    state = mine.descend(State(w=w), 10, RULES["adam"])
    assert state.w.dtype == np.float32


def test_where_nothing_can_be_compiled_updates_stay_eager_and_say_so(at_once, compiled, monkeypatch, caplog):
    """One warning, the same numbers, and the reason in what the backend says of itself."""

    def broken(_network, _kind):
        raise RuntimeError("no C++ compiler was found")

    monkeypatch.setattr(compiled, "_program", broken)
    mine, referee, w = pose()
    with caplog.at_level(logging.WARNING):
        state = mine.descend(State(w=w), 20, RULES["adam"])
        mine.descend(state, 20, RULES["adam"])
    assert [record.message for record in caplog.records] == [
        "First-order updates cannot be compiled here and stay eager: RuntimeError: no C++ compiler was found"
    ]
    np.testing.assert_allclose(state.w, fallbacks.descend(referee, State(w=w), 20, RULES["adam"]).w, rtol=0, atol=1e-11)
    assert "no C++ compiler" in mine.backend.describe()["eager_updates_because"]
