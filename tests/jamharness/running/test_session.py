"""Runs: what is computed, what is reused, what fails, and what the caller is told."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jamharness.api import BadInput
from jamharness.running import list_runs, open_run, resume
from jamharness.store import Store


class Watcher:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def started(self, run_name: str, protocol: str, settings: Any) -> None:
        self.events.append(("started", run_name, protocol, settings["seeds"]))

    def planned(self, protocol: str, waiting: int, running: int, done: int) -> None:
        self.events.append(("planned", waiting, running, done))

    def said(self, cell: Any, text: str) -> None:
        self.events.append(("said", cell.label, text))

    def finished(self, protocol: str, finished: Any, reused: bool, seconds: float) -> None:
        self.events.append(("finished", finished.cell.label, reused, seconds >= 0, finished.failure))

    def of(self, kind: str) -> list[tuple[Any, ...]]:
        return [event[1:] for event in self.events if event[0] == kind]


def test_a_run_measures_every_planned_cell_and_concludes(lab: Any) -> None:
    """Estimates, tables, arrays, a figure, and its document as the design gives it."""
    run = lab.run(settings={"seeds": 3, "steps": 2})
    assert lab.measured() == 6
    assert run.exit == 0
    assert run.estimates["drift"]["drift"].count == 6
    assert len(run.tables["drift"]["trials"]) == 6
    assert run.arrays["drift"]["noise"].shape == (6, 3)
    assert run.protocols["drift"].cells == {"done": 6, "failed": 0, "reused": 0}
    assert [Path(file).name for file in run.files] == ["drift-drift_of_x.png"]
    assert Path(run.files[0]).read_bytes().startswith(b"\x89PNG")
    assert run.environment["backend"] == {"flag": "set", "threads": "1"}
    document = run.to_json()
    assert list(document) == ["run", "exit", "status", "missing", "protocols", "files", "environment"]
    part = document["protocols"]["drift"]
    assert list(part) == ["settings", "estimates", "cells", "seconds", "objection", "failures"]
    estimate = part["estimates"]["drift"]
    assert estimate == {
        "value": run.estimates["drift"]["drift"].value, "low": None, "high": None, "count": 6, "note": "mean",
    }  # fmt: skip
    assert part["settings"]["sizes"] == [2, 3]


def test_the_same_command_again_reuses_every_cell(lab: Any) -> None:
    """Under the same name, with the same numbers, and without starting a worker."""
    first = lab.run()
    watcher = Watcher()
    second = lab.run(observer=watcher)
    assert second.name == first.name
    assert second.protocols["drift"].cells == {"done": 6, "failed": 0, "reused": 6}
    assert lab.measured() == 6
    assert second.to_json()["protocols"]["drift"]["estimates"] == first.to_json()["protocols"]["drift"]["estimates"]
    assert second.environment["backend"] == first.environment["backend"]
    assert not watcher.of("said")
    assert len(list_runs(lab.store)) == 1


def test_another_question_reuses_the_cells_that_both_have(lab: Any) -> None:
    """More seeds cost only the new ones."""
    lab.run(settings={"seeds": 2})
    more = lab.run(settings={"seeds": 3})
    assert more.protocols["drift"].cells == {"done": 6, "failed": 0, "reused": 4}
    assert lab.measured() == 6
    assert len(list_runs(lab.store)) == 2


@pytest.mark.parametrize(
    "change",
    [{"dtype": "float32"}, {"threads": 2}, {"seed": 7}, {"settings": {"patterns": 10}}, {"backend": "toy-native"}],
)
def test_whatever_can_change_a_number_changes_the_key(lab: Any, change: dict[str, Any]) -> None:
    """Nothing of the other computation is reused."""
    lab.run()
    assert lab.run(**change).protocols["drift"].cells["reused"] == 0


def test_a_change_of_the_code_that_computes_is_computed_anew(lab: Any) -> None:
    """An edited plugin is another plugin, though its version is the same."""
    first = lab.run()
    with (lab.folder / "jamlab" / "backend.py").open("a") as file:
        file.write("\n# edited\n")
    second = lab.run()
    assert second.name == first.name
    assert second.protocols["drift"].cells["reused"] == 0
    assert lab.measured() == 12


def test_a_damaged_cell_is_computed_again(lab: Any) -> None:
    """And only that one."""
    first = lab.run()
    cells = sorted(lab.store.glob("cells/*/*.json"))
    cells[0].write_text("{")
    assert open_run(first.name, lab.store).missing == {"drift": (cells[0].stem,)}
    second = lab.run()
    assert lab.measured() == 7
    assert second.estimates["drift"]["drift"] == first.estimates["drift"]["drift"]


def test_another_interpreter_finds_the_same_cells(lab: Any, tmp_path: Path) -> None:
    """Its versions and sources are asked there; being the same here, so are the keys."""
    import sys

    lab.run()
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other.chmod(0o755)
    again = lab.run(interpreters={"toy": str(other)}, settings={"seeds": 4})
    assert again.protocols["drift"].cells == {"done": 8, "failed": 0, "reused": 6}


def test_an_interpreter_without_jamharness_is_bad_input(lab: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Named by a variable as well; nothing is written."""
    import sys

    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    monkeypatch.setenv("JAMHARNESS_PYTHON_TOY", str(bare))
    with pytest.raises(BadInput, match=r"cannot run jamharness .*No module named"):
        lab.run()
    assert not lab.store.exists()


def test_a_native_protocol_of_the_backend_takes_the_place_of_measure(lab: Any) -> None:
    """It is asked for by its capability."""
    run = lab.run(backend="toy-native")
    assert set(run.tables["drift"]["trials"]["x"]) == {1.0}
    assert lab.measured() == 0


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("raise", "ValueError: no convergence (protocol.py, line "),
        ("lack", "toy has no hessian; use another."),
        ("kill", "SIGKILL"),
        ("type", "TypeError: measure returned a dict"),
        ("tensor", "values['tensor'] is a object"),
    ],
)
def test_a_cell_that_fails_is_a_row_with_its_reason(lab: Any, trouble: str, reason: str) -> None:
    """The rest of the run goes on; the store never takes it for a success; resuming tries it again."""
    run = lab.run(settings={"trouble": trouble, "steps": 3})
    assert run.exit == 0
    assert run.protocols["drift"].cells == {"done": 7, "failed": 1, "reused": 0}
    [(label, text)] = run.protocols["drift"].failures
    assert label == "seed 1 step 1"
    assert reason in text
    assert run.to_json()["protocols"]["drift"]["failures"] == [{"label": label, "reason": text}]
    opened = open_run(run.name, lab.store)
    assert opened.protocols["drift"].failures == run.protocols["drift"].failures
    assert opened.estimates["drift"] == run.estimates["drift"]
    assert resume(run.name, store=lab.store).protocols["drift"].cells == {"done": 7, "failed": 1, "reused": 7}


@pytest.mark.parametrize(
    ("trouble", "limits", "reason"),
    [
        ("kill", {}, "was ended by SIGKILL"),
        ("hang", {"limit": 2.0}, "took longer than 2 s and was stopped, twice in a row; raise --limit"),
        ("hog", {"memory": 0.5}, "used more than 0.5 GiB of memory and was stopped, twice in a row; raise --memory"),
        ("no memory", {}, "ran out of memory"),
    ],
)
def test_a_worker_that_is_lost_costs_one_cell_which_is_tried_twice(
    lab: Any, tmp_path: Path, monkeypatch: Any, trouble: str, limits: dict[str, float], reason: str
) -> None:
    """Killed, hung, too large, or out of memory: everything else is measured, and the cell is a row with its reason."""
    attempts = tmp_path / "attempts"
    monkeypatch.setenv("JAMLAB_ATTEMPTS", str(attempts))
    done = lab.run(settings={"trouble": trouble, "seeds": 3}, **limits)
    part = done.protocols["drift"]
    table = done.tables["drift"]["trials"].set_index(["seed", "step"])
    assert reason in table.loc[(1, 1), "failure"]
    assert "twice in a row" in table.loc[(1, 1), "failure"]
    assert table["failure"].drop((1, 1)).isna().all()
    assert len(table) == 6
    assert done.exit == 0
    pids = attempts.read_text().split()
    assert len(pids) == len(set(pids)) == 2, "each attempt has a process of its own"
    assert len(part.failures) == 1


def test_resuming_tries_a_failed_cell_again(lab: Any, tmp_path: Path) -> None:
    """And goes on from there when it succeeds."""
    run = lab.run(settings={"trouble": f"until:{tmp_path / 'mark'}", "steps": 3})
    assert run.protocols["drift"].cells["failed"] == 1
    (tmp_path / "mark").touch()
    resumed = resume(run.name, store=lab.store)
    assert resumed.protocols["drift"].cells == {"done": 9, "failed": 0, "reused": 7}
    assert resumed.protocols["drift"].seconds > run.protocols["drift"].seconds


def test_a_protocol_whose_cells_all_fail_or_that_objects_ends_with_1(lab: Any) -> None:
    """The science said no."""
    assert lab.run(settings={"trouble": "object"}).exit == 1
    failed = lab.run(settings={"trouble": "raise", "seeds": 1, "seed": 1, "steps": 2})
    assert failed.protocols["drift"].cells["done"] == 1
    assert failed.exit == 0
    (lab.folder / "jamlab" / "backend.py").write_text(
        (lab.folder / "jamlab" / "backend.py").read_text().replace("def measure_drift", "def measure_nothing")
    )
    all_failed = lab.run(backend="toy-native")
    assert all_failed.protocols["drift"].cells == {"done": 0, "failed": 3, "reused": 0}
    assert all_failed.exit == 1


def test_an_analysis_or_a_figure_that_breaks_does_not_take_the_run_down(
    lab: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The one is an objection, the other a warning; the cells stay."""
    run = lab.run(settings={"trouble": "analyse"})
    assert run.exit == 1
    assert "KeyError" in run.protocols["drift"].objection
    run = lab.run(protocols="echo")
    assert (run.exit, run.files) == (0, [])
    assert "figures of protocol 'echo' cannot be drawn (RuntimeError: no paper)" in caplog.text


def test_protocols_share_settings_and_cells(lab: Any) -> None:
    """What the first has measured the second finds; a setting may be for one alone."""
    watcher = Watcher()
    run = lab.run(
        protocols=["drift", "echo"], settings={"seeds": 2, "volume": 3, "echo": {"seeds": 3}}, observer=watcher
    )
    assert list(run.protocols) == ["drift", "echo"]
    assert run.name.startswith("drift-echo-")
    assert run.protocols["echo"].settings["volume"] == 3
    assert run.protocols["drift"].cells == {"done": 4, "failed": 0, "reused": 0}
    assert run.protocols["echo"].cells == {"done": 6, "failed": 0, "reused": 4}
    assert [event[1:] for event in watcher.of("started")] == [("drift", 2), ("echo", 3)]


def test_the_observer_hears_of_everything_in_order(lab: Any) -> None:
    """Started once, every cell finished once, counts that add up, and what cells say."""
    watcher = Watcher()
    run = lab.run(observer=watcher, settings={"pause": 0.05})
    assert watcher.events[0] == ("started", run.name, "drift", 3)
    assert sorted(event[0] for event in watcher.of("finished")) == sorted(run.tables["drift"]["trials"]["label"])
    assert all(0 <= running <= 2 for _, running, _ in watcher.of("planned"))
    assert watcher.of("planned")[-1] == (0, 0, 6)
    assert ("seed 0 step 0", "at 0.000") in watcher.of("said")
    done = [done for _, _, done in watcher.of("planned")]
    assert done == sorted(done)


def test_presets_and_seed_reach_the_settings(lab: Any) -> None:
    """A setting that is given wins over the preset."""
    run = lab.run(preset="quick", seed=5, settings={"steps": 1})
    assert run.protocols["drift"].settings["seeds"] == 1
    assert list(run.tables["drift"]["trials"]["seed"]) == [5]
    [record] = list_runs(lab.store)
    assert (record.preset, record.seed, record.status) == ("quick", 5, "finished")
    assert resume(run.name, store=lab.store).protocols["drift"].settings == run.protocols["drift"].settings
    [record] = list_runs(lab.store)
    assert (record.preset, record.seed) == ("quick", 5)


def test_a_name_in_use_for_other_settings_is_refused(lab: Any) -> None:
    """It says to choose another or to resume; with the same settings it is the same run."""
    lab.run(name="mine")
    assert lab.run(name="mine").protocols["drift"].cells["reused"] == 6
    with pytest.raises(BadInput, match=r"'mine' exists with other settings.*resume mine"):
        lab.run(name="mine", settings={"seeds": 1})


def test_finished_runs_are_told_to_plugins_and_one_that_fails_is_a_warning(
    lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The tracker's trouble is not the run's."""
    monkeypatch.setenv("JAMLAB_WATCHER", str(tmp_path / "told"))
    run = lab.run()
    assert (tmp_path / "told").read_text() == run.name
    monkeypatch.setenv("JAMLAB_WATCHER", "raise")
    with caplog.at_level(logging.WARNING):
        assert lab.run().exit == 0
    assert "the tracker is down" in caplog.text
    assert "jamlab-watcher" in caplog.text


def test_what_is_opened_is_what_was_run(lab: Any) -> None:
    """To the last bit, with its figures, from the store alone."""
    run = lab.run(settings={"seeds": 4})
    lab.log.unlink()
    opened = open_run(run.name, lab.store)
    assert lab.measured() == 0
    assert opened.to_json() == run.to_json()
    assert opened.status == "finished"
    assert opened.tables["drift"]["trials"].equals(run.tables["drift"]["trials"])
    np.testing.assert_array_equal(opened.arrays["drift"]["noise"], run.arrays["drift"]["noise"])


def test_a_run_that_is_not_there_is_bad_input(lab: Any) -> None:
    """Opened or resumed; nothing is created by asking."""
    for experiment in (lambda: open_run("nothing", lab.store), lambda: resume("nothing", store=lab.store)):
        with pytest.raises(BadInput, match="Unknown run 'nothing'"):
            experiment()
    assert not lab.store.exists()
    assert list_runs(lab.store) == []


def test_a_plan_that_breaks_is_the_plugins_error(lab: Any) -> None:
    """It names the protocol; nothing is written at first, and nothing is lost later."""
    from jamharness.api import PluginError

    with pytest.raises(PluginError, match=r"Protocol 'drift' cannot plan its cells \(ZeroDivisionError: plan\)"):
        lab.run(settings={"trouble": "plan"})
    assert not lab.store.exists()
    with pytest.raises(PluginError, match="late plan"):
        lab.run(settings={"trouble": "late plan"}, name="late")
    [record] = list_runs(lab.store)
    assert record.status == "failed"
    assert "late plan" in record.problem
    done = open_run("late", lab.store).protocols["drift"].cells["done"]
    assert done == len(list(lab.store.glob("cells/*/*.json"))) >= 3
    # As where a run is killed, what is lost is what the two workers were in the midst of.
    assert 0 <= lab.measured() - done <= 2


def test_a_record_that_is_rubbish_is_replaced(lab: Any) -> None:
    """Its cells are in the store all the same."""
    run = lab.run()
    (lab.store / "runs" / f"{run.name}.json").write_text("{")
    assert [record.status for record in list_runs(lab.store)] == ["unreadable"]
    assert lab.run().protocols["drift"].cells["reused"] == 6
    assert [record.status for record in list_runs(lab.store)] == ["finished"]


def test_two_processes_may_compute_the_same_run_at_once(lab: Any) -> None:
    """Both end with the same numbers."""
    script = f"""
    from jamharness.running import run
    done = run("drift", backend="toy", store={str(lab.store)!r}, workers=1, settings={{"pause": 0.02, "steps": 5}})
    print(repr(done.estimates["drift"]["drift"].value))
    """
    processes = [lab.start(script) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0] != ""
    assert Store(lab.store).runs()[0].status == "finished"
