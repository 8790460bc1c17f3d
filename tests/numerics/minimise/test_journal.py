"""A measurement that is ended at any of its states and gone on with gives, bit by bit, what it would have given."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from jamharness_numerics.approach import approach
from jamharness_numerics.minimise import quadratic_model
from jamharness_numerics.minimise.journal import kept

from jamharness.api import CellResult, DataRequest, Network, QuadraticHinge, Spherical
from jamharness.datasets.random import load
from jamharness.plugins import load_backend
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


def spherical(width=4, seed=0, margin=0.2):
    """A network at fixed |w|, and where to start."""
    network = Network(inputs=width, width=width, depth=2, activation="softplus(8)")
    data = load(DataRequest(inputs=width, patterns=2 * network.weights, seed=seed))
    system = Spherical(network=network)
    problem = load_backend("torch", threads=1).problem(system, data.x, data.y, loss=QuadraticHinge(margin=margin))
    return problem, system.initial(seed)


@pytest.mark.parametrize("large", [1, 1000], ids=["products", "dense"])
def test_an_approach_goes_on_from_any_state(large, monkeypatch, tmp_path):
    """From the middle of least-squares steps, of Newton's steps with a factor from elsewhere, and between minima."""
    monkeypatch.setattr(quadratic_model, "LARGE", large)
    whole = Files(tmp_path / "none")
    with kept(whole):
        end = approach(*spherical())
    assert end.ending == "jammed"
    calls = whole.states[-1].values["calls"]
    assert {call["beginning"]["function"] for call in calls} == {"levenberg_marquardt", "newton", "drift"}
    for index in range(0, len(whole.states), max(1, len(whole.states) // 6)):
        later = Files(tmp_path / f"{index}", whole.states[index])
        with kept(later):
            again = approach(*spherical())
        assert np.array_equal(again.w, end.w)
        assert np.array_equal(again.minima, end.minima)
        assert (again.margin, again.critical, again.iterations) == (end.margin, end.critical, end.iterations)
        # Nothing is computed twice: there are as many states as came after, and this one unless its call had ended.
        ended = whole.states[index].values["calls"][-1]["ended"]
        assert len(later.states) == len(whole.states) - index - ended
