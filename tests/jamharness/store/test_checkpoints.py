"""States of cells that are not finished: whole or none, seldom written, and gone once the cell is there."""

import os
import time

import numpy as np
import pytest

import jamharness.store.checkpoints as module
from jamharness.api import CellResult
from jamharness.store import CheckpointFile, Store

KEY = "ab" * 32
STATE = CellResult(
    values={"step": 3, "loss": float("nan"), "$name": "κ"}, arrays={"w/0": np.arange(3.0), "rows": np.arange(2)}
)


def test_a_state_comes_back_as_it_was(tmp_path):
    """Values with NaN and any names, arrays with their types, and the seconds of all processes so far."""
    path = tmp_path / "x.checkpoint"
    first = CheckpointFile(path, None, pause=0.0)
    assert first.last() is None
    time.sleep(0.05)
    first.keep(lambda: STATE)
    later = CheckpointFile(path, None)
    state = later.last()
    assert state.values["step"] == 3
    assert np.isnan(state.values["loss"])
    assert state.values["$name"] == "κ"
    assert list(state.arrays) == ["w/0", "rows"]
    assert state.arrays["rows"].dtype == STATE.arrays["rows"].dtype
    assert np.array_equal(state.arrays["w/0"], STATE.arrays["w/0"])
    assert later.seconds >= 0.05


@pytest.mark.parametrize(
    "spoil", [lambda data: b"", lambda data: data[:-30], lambda data: b"{}", lambda data: data[5:]]
)
def test_what_cannot_be_read_is_no_state(tmp_path, spoil):
    """A cell begins anew then."""
    path = tmp_path / "x.checkpoint"
    CheckpointFile(path, None, pause=0.0).keep(lambda: STATE)
    path.write_bytes(spoil(path.read_bytes()))
    assert CheckpointFile(path, None).last() is None


def test_states_are_written_seldom(tmp_path):
    """Never within the pause: no state is even made in between."""
    calls = []
    file, start = CheckpointFile(tmp_path / "x.checkpoint", None, pause=0.05), time.monotonic()
    for _ in range(2000):
        file.keep(lambda: calls.append(0) or STATE)
        time.sleep(0.0001)
    assert 1 <= len(calls) <= (time.monotonic() - start) / 0.05


def test_states_wait_for_a_part_of_the_time(tmp_path, monkeypatch):
    """However short the pause."""
    monkeypatch.setattr(module, "PART", 1e9)
    file = CheckpointFile(tmp_path / "x.checkpoint", None, pause=0.0)
    time.sleep(0.05)
    file.keep(lambda: pytest.fail("at once"))


def test_a_state_that_cannot_be_written_is_said_once(tmp_path):
    """The cell is computed to its end all the same."""
    (tmp_path / "file").write_text("")
    sentences = []
    file = CheckpointFile(tmp_path / "file" / "x.checkpoint", None, sentences.append, pause=0.0)
    for _ in range(3):
        file.keep(lambda: STATE)
    assert len(sentences) == 1
    assert sentences[0].startswith("no checkpoint can be written")


def test_a_finished_cell_has_no_checkpoint(tmp_path):
    """It goes as the cell comes; a worker that sees no store makes none."""
    store = Store(tmp_path / "store")
    identity = {"a": 1}
    path = store.checkpoint(store.key(identity))
    CheckpointFile(path, store.root, pause=0.0).keep(lambda: STATE)
    assert path.exists()
    store.put(store.key(identity), identity, CellResult(values={"x": 1}), 1.0)
    assert not path.exists()
    elsewhere = tmp_path / "elsewhere"
    CheckpointFile(elsewhere / path.relative_to(store.root), elsewhere, pause=0.0).keep(lambda: STATE)
    assert not elsewhere.exists()


def test_only_old_checkpoints_are_forgotten(tmp_path):
    """A store that is opened again after a season keeps no states of code that has changed since."""
    store = Store(tmp_path / "store")
    for key, age in ((KEY, 10), ("cd" * 32, 100)):
        path = store.checkpoint(key)
        CheckpointFile(path, None, pause=0.0).keep(lambda: STATE)
        then = time.time() - age * 86_400
        os.utime(path, (then, then))
    Store(tmp_path / "store")
    assert store.checkpoint(KEY).exists()
    assert not store.checkpoint("cd" * 32).exists()
