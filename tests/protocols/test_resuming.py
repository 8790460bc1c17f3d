"""Cells that keep their state: ended at any of them and gone on with, they have the same results, bit by bit."""

from dataclasses import replace

import pytest
from jamharness_protocols.generalisation.protocol import Generalisation
from jamharness_protocols.jamming.protocol import Jamming
from jamharness_protocols.quasistatic.protocol import Quasistatic

from jamharness.store import CheckpointFile


class States:
    """Checkpoints that keep every state, from the one of an earlier process."""

    def __init__(self, last=None):
        self.states, self._last = [], last

    def last(self):
        return self._last

    def keep(self, state):
        checkpoint = state()
        # As a file has it: lists that grow later are those of this moment.
        self.states.append(replace(checkpoint, values=_copied(checkpoint.values)))


def _copied(value):
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list | tuple) else value


def minimised():
    return Jamming().plan(Jamming.Settings(constraint="none", width=3, seeds=1, loads=(4.0,), budget=300), [])[0]


def approached(**more):
    settings = Jamming.Settings(constraint="sphere", activation="softplus(8)", width=4, seeds=1, loads=(2.0,), **more)
    return Jamming().plan(settings, [])[0]


def followed():
    settings = Generalisation.Settings(
        patterns=40, inputs=4, depth=1, seeds=1, networks=1, minimiser="adam", learning_rate=1e-2, budget=300, records=5
    )
    return settings.measured(0, 0, 40, 3)


def driven(driving):
    settings = Quasistatic.Settings(width=3, depth=1, seeds=1, steps=6, furthest=0.01, driving=driving)
    return settings.drive(settings.approach(0, settings.fixed_patterns))


CELLS = {
    "minimisation": minimised,
    "approach": approached,
    "approach from both sides": lambda: approached(both_sides=True),
    "trajectory": followed,
    "driven in κ": lambda: driven("margin"),
    "driven by patterns": lambda: driven("patterns"),
}


@pytest.mark.parametrize("make", CELLS.values(), ids=CELLS)
def test_a_cell_goes_on_from_any_state(make, measure, monkeypatch, tmp_path):
    """Through a file, as a host does it; what was computed before is not computed again, and its seconds count."""
    monkeypatch.setattr("jamharness_protocols.generalisation.trajectory.CHUNK", 25)
    cell, done, whole = make(), [], States()
    end = measure(replace(cell, checkpoints=whole), done)
    assert len(whole.states) > 3
    for index in range(0, len(whole.states), max(1, len(whole.states) // 5)):
        path = tmp_path / f"{index}"
        CheckpointFile(path, None, pause=0.0).keep(lambda state=whole.states[index]: state)
        later = States(CheckpointFile(path, None).last())
        again = measure(replace(cell, checkpoints=later), done)
        assert len(later.states) <= len(whole.states) - index
        assert {**again.values, "seconds": 0} == {**end.values, "seconds": 0}
        assert {name: array.tobytes() for name, array in again.arrays.items()} == {
            name: array.tobytes() for name, array in end.arrays.items()
        }
        if "seconds" in end.values:
            assert again.values["seconds"] > whole.states[index].values["seconds"]
