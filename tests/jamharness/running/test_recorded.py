"""What a finished run printed is what is shown of it, and what is missing is told."""

import json
import os
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from jamharness.api import digest
from jamharness.running import export_run, list_runs, open_run, resume
from jamharness.store import Store


def edit(path: Path, **changes: Any) -> None:
    """Change a file of the store and make its checksum right again."""
    document = json.loads(path.read_text())
    del document["checksum"]
    document |= changes
    path.write_text(json.dumps({**document, "checksum": digest(document)}))


def until(condition: Any, seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return bool(true)


def cells(lab: Any) -> list[Path]:
    return sorted(lab.store.glob("cells/*/*.json"))


@pytest.mark.parametrize("damage", ["deleted", "truncated", "arrays deleted", "arrays altered", "forged"])
def test_a_run_without_one_of_its_cells_shows_what_it_printed_and_says_so(
    lab: Any, tmp_path: Path, damage: str
) -> None:
    """Whichever cell it is: the recorded estimates, exit 1, the key of what is missing, and a sentence."""
    run = lab.run()
    whole = open_run(run.name, lab.store).to_json()
    assert whole == run.to_json()
    victim = cells(lab)[2]
    if damage == "deleted":
        victim.unlink()
    elif damage == "truncated":
        victim.write_bytes(victim.read_bytes()[:-9])
    elif damage == "arrays deleted":
        victim.with_suffix(".npz").unlink()
    elif damage == "arrays altered":
        victim.with_suffix(".npz").write_bytes(victim.with_suffix(".npz").read_bytes()[:-1] + b"x")
    else:
        edit(victim, identity={"cell": {"protocol": "drift"}})
    opened = open_run(run.name, lab.store)
    assert opened.estimates["drift"] == run.estimates["drift"]
    assert opened.protocols["drift"].cells == run.protocols["drift"].cells
    assert len(opened.tables["drift"]["trials"]) == 5
    export_run(opened, tmp_path / "out")
    for document in (opened.to_json(), json.loads((tmp_path / "out" / "run.json").read_text())):
        assert (document["exit"], document["status"]) == (1, "finished")
        assert document["missing"] == {"drift": [victim.stem]}
        part = document["protocols"]["drift"]
        assert part["estimates"] == whole["protocols"]["drift"]["estimates"]
        assert "1 of its 6 cells is missing from the store or cannot be read" in part["objection"]
        assert f"jamharness resume {run.name}" in part["objection"]
    assert resume(run.name, store=lab.store).exit == 0
    assert open_run(run.name, lab.store).to_json()["exit"] == 0
    assert lab.measured() == 7


def test_a_finished_run_is_shown_as_recorded_when_its_cells_give_something_else(lab: Any) -> None:
    """An edited value with a checksum that is right: the number that was printed stays, and a sentence names both."""
    run = lab.run()
    before = run.estimates["drift"]["drift"].value
    victim = cells(lab)[0]
    edit(victim, values={**json.loads(victim.read_text())["values"], "x": 1000.0})
    opened = open_run(run.name, lab.store)
    assert opened.estimates["drift"]["drift"].value == before
    assert opened.exit == 1
    assert opened.missing == {}
    assert f"drift: {before} recorded, " in opened.protocols["drift"].objection
    assert "an edited cell" in opened.protocols["drift"].objection


def test_a_newer_analysis_does_not_change_what_was_printed(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told beside; resuming concludes anew."""
    run = lab.run()
    import jamlab.protocol as module

    analyse = module.Drift.analyse

    def newer(self: Any, settings: Any, done: Any) -> Any:
        from dataclasses import replace

        findings = analyse(self, settings, done)
        return replace(findings, estimates={"drift": replace(findings.estimates["drift"], value=7.0)})

    monkeypatch.setattr(module.Drift, "analyse", newer)
    opened = open_run(run.name, lab.store)
    assert opened.estimates == run.estimates
    assert "7.0 now" in opened.protocols["drift"].objection
    assert resume(run.name, store=lab.store).estimates["drift"]["drift"].value == 7.0
    assert open_run(run.name, lab.store).exit == 0


def test_a_recorded_objection_is_shown_with_what_is_missing(lab: Any) -> None:
    """Neither hides the other."""
    run = lab.run(settings={"trouble": "object"})
    assert open_run(run.name, lab.store).to_json() == run.to_json()
    cells(lab)[0].unlink()
    objection = open_run(run.name, lab.store).protocols["drift"].objection
    assert objection.startswith("It did not converge; try more steps. 1 of its 6 cells is missing")


SCRIPT = """
from jamharness.running import run
run("drift", backend="toy", store={store!r}, workers=1, name="mine", settings={{"pause": 0.2, "steps": 20}})
"""


@pytest.mark.parametrize(("end", "status"), [(signal.SIGINT, "interrupted"), (signal.SIGKILL, "interrupted")])
def test_an_interrupted_run_is_no_answer(lab: Any, tmp_path: Path, end: int, status: str) -> None:
    """Exit 1 and its status, shown or exported, with the number of its cells and how to go on."""
    process = lab.start(SCRIPT.format(store=str(lab.store)))
    assert until(lambda: lab.store.exists() and list_runs(lab.store) and open_run("mine", lab.store).to_json())
    running = open_run("mine", lab.store)
    assert (running.status, running.exit) == ("running", 1)
    assert "has not finished yet" in running.protocols["drift"].objection
    assert until(lambda: open_run("mine", lab.store).protocols["drift"].cells["done"] >= 2)
    os.killpg(process.pid, end)
    process.communicate(timeout=20)
    opened = open_run("mine", lab.store)
    export_run(opened, tmp_path / "out")
    document = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (document["exit"], document["status"], document["missing"]) == (1, status, {})
    done = document["protocols"]["drift"]["cells"]["done"]
    assert f"of the {done} cells that it has recorded" in document["protocols"]["drift"]["objection"]
    assert "jamharness resume mine" in document["protocols"]["drift"]["objection"]


def test_a_run_that_failed_is_no_answer(lab: Any) -> None:
    """Its problem stands in the objection."""
    from jamharness.api import PluginError

    with pytest.raises(PluginError):
        lab.run(settings={"trouble": "late plan"}, name="late")
    opened = open_run("late", lab.store)
    assert (opened.status, opened.exit) == ("failed", 1)
    assert "late plan" in opened.protocols["drift"].objection


def test_a_record_of_an_earlier_version_is_analysed_from_its_cells(lab: Any) -> None:
    """It has no conclusions; what is missing is told all the same."""
    run = lab.run()
    path = lab.store / "runs" / f"{run.name}.json"
    record = json.loads(path.read_text())["record"]
    del record["conclusions"]
    edit(path, record=record)
    assert open_run(run.name, lab.store).to_json() == run.to_json()
    cells(lab)[0].unlink()
    opened = open_run(run.name, lab.store)
    assert opened.exit == 1
    assert len(opened.missing["drift"]) == 1


def test_what_is_recorded_is_what_was_printed(lab: Any) -> None:
    """Infinite ends, notes, samples and objections come back as they were."""
    run = lab.run()
    [record] = Store(lab.store).runs()
    assert asdict(record.conclusions["drift"])["estimates"]["drift"] == asdict(run.estimates["drift"]["drift"])
    assert record.conclusions["drift"].estimates["drift"].low == float("-inf")


def test_a_failed_cell_that_somebody_made_up_is_one_sentence(lab: Any) -> None:
    """In a record whose checksum is right."""
    from jamharness.api import BadInput

    run = lab.run()
    path = lab.store / "runs" / f"{run.name}.json"
    record = json.loads(path.read_text())["record"]
    for cell in ({}, {"protocol": "drift", "coordinates": 3, "dataset": None}, {"protocol": 1, "dataset": {"x": 1}}):
        failures = {"drift": [{"cell": cell, "label": "", "reason": "", "detail": ""}]}
        edit(path, record={**record, "failures": failures})
        with pytest.raises(BadInput, match="failed cell that is no cell"):
            open_run(run.name, lab.store)
