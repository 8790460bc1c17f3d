"""A measurement that is ended at any of its states and gone on with gives, bit by bit, what it would have given."""

import sys
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from jamharness_numerics.approach import approach, drift
from jamharness_numerics.largest_margin import largest_margin
from jamharness_numerics.minimise import minimise, quadratic_model
from jamharness_numerics.minimise.journal import kept
from jamharness_numerics.minimise.levenberg_marquardt import levenberg_marquardt
from jamharness_numerics.minimise.rest import rest
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import CellResult, DataRequest, Network, QuadraticHinge, Spherical
from jamharness.datasets.random import load
from jamharness.store import CheckpointFile


class Files:
    """Checkpoints that keep every state; a measurement goes on from what one of them is in a file."""

    def __init__(self, path: Path, last: CellResult | None = None) -> None:
        self.states: list[CellResult] = []
        self._path, self._resumed = path, last is not None
        if last is not None:
            CheckpointFile(path, None, pause=0.0).keep(lambda: last)

    def last(self):
        return CheckpointFile(self._path, None).last()

    def keep(self, state):
        # A state holds lists that grow while it is kept here.
        self.states.append(state() if self._resumed else deepcopy(state()))


def spherical(width=4, seed=0, margin=0.2, activation="softplus(8)"):
    """A network at fixed |w|, and where to start."""
    network = Network(inputs=width, width=width, depth=2, activation=activation)
    data = load(DataRequest(inputs=width, patterns=2 * network.weights, seed=seed))
    system = Spherical(network=network)
    problem = NumpyBackend().problem(system, data.x, data.y, loss=QuadraticHinge(margin=margin))
    return problem, system.initial(seed)


@pytest.mark.parametrize("large", [1, 1000], ids=["products", "dense"])
def test_an_approach_goes_on_from_any_state(large, monkeypatch, tmp_path):
    """From the middle of least-squares steps, of Newton's steps with a factor from elsewhere, and between minima."""
    monkeypatch.setattr(quadratic_model, "LARGE", large)
    monkeypatch.setattr(quadratic_model, "PRODUCTS", 1)
    whole = Files(tmp_path / "none")
    with kept(whole):
        end = approach(*spherical())
    assert end.ending == "jammed"
    calls = whole.states[-1].values["calls"]
    assert {call["beginning"]["function"] for call in calls} == {"levenberg_marquardt", "newton", "drift"}
    # Among them the first with the factor of a minimum at another κ.
    foreign = [index for index, state in enumerate(whole.states) if _at_another(state)][:1]
    assert foreign or large > 1
    for index in [*range(0, len(whole.states), max(1, len(whole.states) // 3)), *foreign]:
        later = Files(tmp_path / f"{index}", whole.states[index])
        with kept(later):
            again = approach(*spherical())
        assert np.array_equal(again.w, end.w)
        assert np.array_equal(again.minima, end.minima)
        assert (again.margin, again.critical, again.iterations) == (end.margin, end.critical, end.iterations)
        # Nothing is computed twice: there are as many states as came after, and this one unless its call had ended.
        ended = whole.states[index].values["calls"][-1]["ended"]
        assert len(later.states) == len(whole.states) - index - ended


@pytest.mark.parametrize("seed", [0, 1])
def test_a_second_trial_goes_on_as_it_began(seed, monkeypatch, tmp_path):
    """Two minimisations that begin with one factor: how worn the first left it is not seen by the second."""
    monkeypatch.setattr(quadratic_model, "LARGE", 1)
    monkeypatch.setattr(quadratic_model, "PRODUCTS", 2)

    def trials():
        problem, w = spherical(seed=seed, margin=0.3)
        here = rest(problem, w, 400, 1e-7)
        distance = 2 * here.loss / float(np.mean(problem.loss.slope(problem.margins(here.w))))
        direction, near = drift(problem, here.w, here.damping, here.factor)
        ends = []
        for left in (0.02, 0.3):
            nearer = problem.with_margin(0.3 - (1 - left) * distance)
            start = problem.retract(here.w - (1 - left) * distance * direction)
            zero = 1e-3 * left**2 * here.loss
            ends.append(rest(nearer, start, 400, 1e-7, zero=zero, damping=here.damping, near=near))
        return ends

    whole = Files(tmp_path / "none")
    with kept(whole):
        _, end = trials()
    between = [state for state in whole.states if len(state.values["calls"]) == 3][-1]
    assert between.values["calls"][-1]["ended"]
    with kept(Files(tmp_path / "between", between)):
        _, again = trials()
    assert (again.iterations, again.factorisations) == (end.iterations, end.factorisations)
    assert again.w.tobytes() == end.w.tobytes()


def _at_another(state):
    """Whether the call at hand has the factor of an H at another κ."""
    call = state.values["calls"][-1]
    factor = None if call["ended"] else call["values"].get("factor")
    return factor is not None and factor["margin"] != float.fromhex(call["beginning"]["margin"])


def free(activation="relu", depth=2, ratio=3.5, seed=0):
    """A network of four units a layer at a load that it cannot satisfy, and where to start."""
    network = Network(inputs=4, width=4, depth=depth, activation=activation)
    data = load(DataRequest(inputs=4, patterns=round(ratio * network.weights), seed=seed))
    return NumpyBackend().problem(network, data.x, data.y), network.initial(seed)


SEARCHES = {
    "relu": (free, {"budget": 600}, {"levenberg_marquardt", "newton"}),
    "smooth": (lambda: free("softplus(8)"), {"budget": 600}, {"levenberg_marquardt", "newton"}),
    "adam": (free, {"method": "adam", "budget": 1000}, {"first_order"}),
    "adam, then a push": (free, {"method": "adam", "budget": 1000}, {"first_order", "levenberg_marquardt"}),
    "constrained": (lambda: spherical(margin=0.3), {"budget": 600}, {"levenberg_marquardt", "newton"}),
    "fire, constrained": (lambda: spherical(margin=0.3), {"method": "fire", "budget": 1000}, {"first_order"}),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_a_minimisation_goes_on_from_any_state(search, monkeypatch, tmp_path):
    """Through all sharpnesses of relu, spheres of smooth networks, updates with moments, and the push at their end."""
    make, how, functions = SEARCHES[search]
    module = sys.modules["jamharness_numerics.minimise.first_order"]
    monkeypatch.setattr(module, "CHUNK", 100)
    if "push" in search:
        monkeypatch.setattr(module, "_rounding", lambda problem: 1.0)
    whole = Files(tmp_path / "none")
    with kept(whole):
        end = minimise(*make(), **how)
    assert {call["beginning"]["function"] for call in whole.states[-1].values["calls"]} == functions
    assert len(whole.states) > 3
    for index in range(0, len(whole.states), max(1, len(whole.states) // 6)):
        later = Files(tmp_path / f"{index}", whole.states[index])
        with kept(later) as journal:
            again = minimise(*make(), **how)
        assert journal.earlier == whole.states[index].values["seconds"]
        assert all(state.values["seconds"] > journal.earlier for state in later.states)
        assert {**vars(again), "w": again.w.tobytes()} == {**vars(end), "w": end.w.tobytes(), "seconds": again.seconds}
        ended = whole.states[index].values["calls"][-1]["ended"]
        assert len(later.states) == len(whole.states) - index - ended


def test_truncated_steps_go_on_from_any_state(monkeypatch, tmp_path):
    """In a Krylov space, which a rejected step leaves for the next one: nothing is kept there."""
    monkeypatch.setattr(sys.modules["jamharness.api.derived"], "LARGE", 1)

    def steps():
        problem, w = spherical(margin=0.3)
        return levenberg_marquardt(problem, w, 60, done=lambda *_: False, stall=0.0)

    whole = Files(tmp_path / "none")
    with kept(whole):
        end = steps()
    rejected = end.iterations + 1 - len(whole.states)
    assert rejected > 3
    assert len(whole.states) > 10
    for index, state in enumerate(whole.states):
        with kept(Files(tmp_path / f"{index}", state)):
            assert steps().w.tobytes() == end.w.tobytes()


@pytest.mark.parametrize("activation", ["softplus(8)", "relu"])
def test_programs_go_on_from_any_state(activation, tmp_path):
    """With the curvature that the last one has left, and without."""

    def climbed():
        problem, w = spherical(activation=activation)
        return largest_margin(problem, w, budget=12)

    whole = Files(tmp_path / "none")
    with kept(whole):
        end = climbed()
    assert len(whole.states) > 5
    assert any("0 bowl" in state.arrays for state in whole.states)
    for index, state in enumerate(whole.states):
        with kept(Files(tmp_path / f"{index}", state)):
            again = climbed()
        assert {name: np.asarray(value).tobytes() for name, value in vars(again).items()} == {
            name: np.asarray(value).tobytes() for name, value in vars(end).items()
        }
