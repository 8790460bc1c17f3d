"""The main job, from the command to the picture: a tiny run of the jamming protocol on each backend."""

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jamharness
from jamharness.api import Cell
from jamharness.plugins import Plugins, load_data
from jamharness.running import Silent
from jamharness.running.encoding import CellEncoding
from jamharness.store import Store

TINY = {"width": 4, "depth": 2, "seeds": 2, "resolution": 0.5}
OUTCOMES = ("satisfied", "minimum", "arrested", "diverging", "undecided")
ESTIMATES = {
    "critical_ratio",
    "critical_ratio_parameters",
    "transition_width",
    "jump_smallest",
    "jump_median",
    *OUTCOMES,
}
BACKENDS = [pytest.param("torch", marks=pytest.mark.torch), "numpy"]


class Listener(Silent):
    """Keeps the words of every cell."""

    def __init__(self) -> None:
        self.words: dict[str, list[str]] = {}

    def said(self, cell: Cell, text: str) -> None:
        self.words.setdefault(cell.label, []).append(text)


def asked(**settings: Any) -> list[str]:
    """Settings as options."""
    return [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]


def picture(path: str) -> Any:
    """The pixels of a PNG file, (height, width, channels) from 0 to 1."""
    from matplotlib.image import imread

    assert Path(path).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", Path(path).read_bytes()[16:24]) > (100, 100)
    return imread(path)


def consistent(document: dict[str, Any]) -> None:
    """Check the fixed shape of the document, and what holds for the estimates of any run."""
    assert list(document) == ["run", "exit", "status", "missing", "protocols", "files", "environment"]
    part = document["protocols"]["jamming"]
    assert {"settings", "estimates", "cells", "seconds"} <= set(part)
    assert set(part["cells"]) == {"done", "failed", "reused"}
    assert set(part["estimates"]) >= ESTIMATES
    for estimate in part["estimates"].values():
        assert {"value", "low", "high", "count"} <= set(estimate)
        if estimate["value"] is not None and estimate["low"] is not None:
            assert estimate["low"] <= estimate["value"] <= estimate["high"]
    assert sum(part["estimates"][name]["value"] for name in OUTCOMES) == part["cells"]["done"] + part["cells"]["failed"]
    for path in document["files"]:
        pixels = picture(path)
        assert pixels.min() < pixels.max()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_is_found_again_by_every_command_and_from_python(
    process: Any, command: Any, work: Path, backend: str
) -> None:
    """One JSON document, a picture, the same estimates whoever asks, and again when computed anew."""
    outcome = process("run", "jamming", "--backend", backend, "--name", "first", "--json", *asked(**TINY))
    assert outcome.code == 0, outcome
    document = json.loads(outcome.out)
    consistent(document)
    assert (document["run"], document["exit"]) == ("first", 0)
    assert {Path(path).suffix for path in document["files"]} == {".png"}
    part = document["protocols"]["jamming"]
    assert part["settings"] | TINY == part["settings"]
    assert part["cells"]["failed"] == part["cells"]["reused"] == 0
    assert part["estimates"]["critical_ratio"]["count"] == TINY["seeds"]
    assert document["environment"]["backend"]["backend"] == backend
    assert "Run first: jamming" in outcome.err

    [row] = json.loads(command("runs", "--json").out)["runs"]
    assert (row["run"], row["status"], row["cells"]) == ("first", "finished", part["cells"]["done"])
    assert "first" in command("runs").out

    shown = command("show", "first")
    assert shown.code == 0
    assert all(word in shown.out for word in ("critical_ratio", "trials", "finished"))
    assert backend in command("show", "first", "--all").out
    again = json.loads(command("show", "first", "--json").out)
    assert again["protocols"]["jamming"]["estimates"] == part["estimates"]

    resumed = json.loads(command("resume", "first", "--json").out)
    assert resumed["protocols"]["jamming"]["estimates"] == part["estimates"]
    assert resumed["protocols"]["jamming"]["cells"]["reused"] == part["cells"]["done"]

    for kind in ("csv", "parquet"):
        exported = command("export", "first", "--format", kind, "-o", kind)
        assert exported.code == 0, exported
        assert all((work / path).stat().st_size for path in exported.out.split())
    assert json.loads((work / "csv" / "run.json").read_text())["protocols"]["jamming"]["estimates"] == part["estimates"]
    table = jamharness.open_run("first", "jamharness-store").tables["jamming"]["trials"]
    assert len((work / "csv" / "jamming-trials.csv").read_text().splitlines()) == len(table) + 1

    shutil.move("jamharness-store", "elsewhere")
    heard = Listener()
    store = work / "store"
    anew = jamharness.run("jamming", backend=backend, settings=TINY, store=store, name="second", observer=heard)
    assert {words[0] for words in heard.words.values()} == {"starting"}
    assert len(heard.words) == part["cells"]["done"]
    assert anew.protocols["jamming"].cells["reused"] == 0
    opened = jamharness.open_run("first", store=work / "elsewhere")
    assert anew.estimates == opened.estimates
    assert json.loads(json.dumps(anew.to_json()))["protocols"]["jamming"]["estimates"] == part["estimates"]


@pytest.mark.torch
def test_a_scan_over_widths_gives_an_exponent_and_two_pictures(command: Any, work: Path) -> None:
    """On real data; every seed's bracket has the satisfied network above the unsatisfied one."""
    settings = {"dataset": "digits", "scan": "width", "patterns": "60,120", "seeds": 3}
    outcome = command("run", "jamming", "--backend", "torch", "--name", "scan", "--json", "--quiet", *asked(**settings))
    assert outcome.code == 0, outcome
    assert outcome.err == ""
    document = json.loads(outcome.out)
    consistent(document)
    exponent = document["protocols"]["jamming"]["estimates"]["scaling_exponent"]
    assert exponent["count"] == 3
    assert exponent["low"] <= exponent["value"] <= exponent["high"]
    assert sorted(Path(path).name for path in document["files"]) == ["jamming-jump.png", "jamming-scaling.png"]
    thresholds = jamharness.open_run("scan", "jamharness-store").tables["jamming"]["thresholds"]
    assert sorted(thresholds["patterns"]) == [60] * 3 + [120] * 3
    assert (thresholds["weights_satisfied"] > thresholds["weights_unsatisfied"]).all()


def recomputed(store: Path) -> dict[int, float]:
    """The largest Δ of each trial by P, after a look at whether the referee's formulas give the same on its weights."""
    backend = jamharness.load_backend("numpy")
    largest = {}
    for path in store.glob("cells/*/*.json"):
        stored = Store(store, create=False).read(path.stem)
        assert stored is not None
        cell = CellEncoding(Plugins.load()).decode(stored.identity["cell"])
        patterns = cell.coordinates["patterns"]
        assert cell.dataset is not None
        assert cell.system is not None
        x, y = load_data(cell.dataset).first(patterns)
        problem = backend.problem(cell.system, x, y, loss=cell.loss)
        margins = stored.result.arrays["margins"]
        np.testing.assert_allclose(margins, problem.margins(stored.result.arrays["w"]), rtol=0, atol=1e-12)
        assert stored.result.values["unsatisfied"] == np.count_nonzero(margins > 0)
        largest[patterns] = float(margins.max())
    return largest


@pytest.mark.torch
def test_a_first_order_run_says_honestly_what_it_did_not_decide(command: Any, work: Path) -> None:
    """A spent budget decides nothing; the referee agrees with every outcome, and the exit code tells of the gap."""
    budget = 2000
    network = {"width": 60, "inputs": 40, "depth": 1, "seeds": 1}
    # A few patterns are done within the budget, hundreds are not.
    scan = {"start_ratio": 0.0025, "highest_ratio": 0.1, "growth": 20, "minimiser": "adam", "budget": budget}
    outcome = command(
        "run", "jamming", "--backend", "torch", "--name", "adam", "--json", "--quiet", *asked(**network, **scan)
    )
    assert outcome.code == 1, outcome
    document = json.loads(outcome.out)
    consistent(document)
    part = document["protocols"]["jamming"]
    assert (document["exit"], part["estimates"]["critical_ratio"]["value"]) == (1, None)
    assert "first-order methods decide late" in part["objection"]
    largest = recomputed(work / "jamharness-store")
    trials = jamharness.open_run("adam", "jamharness-store").tables["jamming"]["trials"]
    assert set(trials["outcome"]) == {"satisfied", "undecided"}
    for trial in trials.itertuples():
        assert trial.iterations <= budget
        if trial.outcome == "satisfied":
            assert largest[trial.patterns] <= 0
            assert trial.loss == 0
        else:
            assert largest[trial.patterns] > 1e-3
            assert trial.iterations == budget
            assert f"budget of {budget}" in trial.reason
