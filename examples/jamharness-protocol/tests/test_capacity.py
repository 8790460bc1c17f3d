"""The protocol by itself, and in runs against Cover's count."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from jamharness_protocol.analysis import separable
from jamharness_protocol.protocol import Capacity, CapacitySettings
from scipy.stats import binomtest

import jamharness
from jamharness.api import BadInput, CellResult, FinishedCell
from jamharness.running import Silent, resume

SMALL = CapacitySettings(inputs=4, loads=(1.0, 2.0, 4.0), draws=5)


def finished(settings, outcomes):
    """The cells of a plan, as if the draws at each load had ended so, the last outcome for all that follow."""
    cells = Capacity().plan(settings, ())
    ends = {load: list(outcome) for load, outcome in outcomes.items()}
    ended = []
    for cell in cells:
        rest = ends[cell.coordinates["load"]]
        outcome = rest.pop(0) if len(rest) > 1 else rest[0]
        ended.append(FinishedCell(cell=cell, result=CellResult(values={"outcome": outcome})))
    return ended


def test_the_plan_is_what_has_not_been_tried():
    """Every draw at every load, then those that are left, then nothing; failures are tried once."""
    plan = Capacity().plan(SMALL, ())
    assert {(cell.coordinates["load"], cell.coordinates["seed"]) for cell in plan} == {
        (load, seed) for load in SMALL.loads for seed in range(5)
    }
    assert [cell.dataset.patterns for cell in plan[:3]] == [4, 8, 16]
    done = [FinishedCell(cell=cell, failure="it took too long") for cell in plan[:4]]
    assert Capacity().plan(SMALL, done) == plan[4:]
    assert Capacity().plan(SMALL, [FinishedCell(cell=cell, failure="") for cell in plan]) == []


def test_intervals_are_those_of_clopper_and_pearson():
    """In closed form at 0 and n of n draws; a draw without a verdict counts for neither end."""
    done = finished(SMALL, {1.0: ["satisfied"], 2.0: ["undecided", "minimum"], 4.0: ["minimum"]})
    table = Capacity().analyse(SMALL, done).tables["loads"].set_index("load")
    assert table.loc[1.0, ["low", "high"]].tolist() == pytest.approx([0.025 ** (1 / 5), 1])
    assert table.loc[4.0, ["low", "high"]].tolist() == pytest.approx([0, 1 - 0.025 ** (1 / 5)])
    assert table.loc[2.0, "low"] == 0
    assert table.loc[2.0, "high"] == pytest.approx(binomtest(1, 5).proportion_ci(0.95).high)
    assert table.loc[2.0, "undecided"] == 1


def test_the_capacity_lies_where_the_part_falls_through_one_half():
    """Interpolated between loads, with ends where ½ is excluded at once at all loads."""
    settings = replace(SMALL, draws=20)
    outcomes = {1.0: ["satisfied"], 2.0: ["satisfied"] * 15 + ["minimum"], 4.0: ["minimum"]}
    capacity = Capacity().analyse(settings, finished(settings, outcomes)).estimates["capacity"]
    assert capacity.value == pytest.approx(2 + 2 * (15 / 20 - 0.5) / (15 / 20))
    assert (capacity.low, capacity.high, capacity.count) == (1.0, 4.0, 60)


def test_without_a_fall_there_is_no_capacity():
    """The objection says so, and the run ends with exit code 1."""
    findings = Capacity().analyse(SMALL, finished(SMALL, dict.fromkeys(SMALL.loads, ("satisfied",))))
    assert findings.estimates["capacity"].value is None
    assert findings.objection
    assert Capacity().analyse(SMALL, ()).objection == "No draw was measured."


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """60 draws at five loads, in a worker process."""
    settings = {"inputs": 8, "draws": 60}
    return jamharness.run("capacity", backend="numpy", settings=settings, store=tmp_path_factory.mktemp("store"))


def test_a_run_measures_covers_probability(run):
    """An exact binomial test at each load; the count for one parameter less is refused."""
    assert run.protocols["capacity"].cells == {"done": 300, "failed": 0, "reused": 0}
    table = run.tables["capacity"]["loads"]
    right, wrong = (
        [binomtest(row.satisfied, row.draws, separable(row.patterns, weights)).pvalue for row in table.itertuples()]
        for weights in (8, 6)
    )
    assert np.all(table["exact"] == [separable(P, 8) for P in table["patterns"]])
    assert min(right) > 0.01
    assert min(wrong) < 1e-6
    capacity = run.estimates["capacity"]["capacity"]
    assert capacity.low < 2 < capacity.high
    assert len(run.files) == 1


def test_more_draws_measure_what_is_missing_and_nothing_twice(run):
    """The cells of the first run are in the store, whatever the loads and draws of the next ask beside them."""
    more = {"inputs": 8, "draws": 61, "loads": (2.0, 2.4, 3.0)}
    again = jamharness.run("capacity", backend="numpy", settings=more, store=run.store)
    assert again.protocols["capacity"].cells == {"done": 183, "failed": 0, "reused": 120}
    tables = (each.tables["capacity"]["loads"].set_index("load") for each in (run, again))
    first, second = (table.loc[[2.0, 2.4], "satisfied"].to_numpy() for table in tables)
    assert np.all((second - first >= 0) & (second - first <= 1))


class Interrupting(Silent):
    """Interrupts a run after its seventh draw, as Ctrl-C does."""

    left = 7

    def finished(self, *_):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_to_the_same_numbers(tmp_path):
    """What was measured before is taken from the store."""
    request = {"backend": "numpy", "settings": {"inputs": 4, "draws": 6}, "workers": 1}
    with pytest.raises(KeyboardInterrupt):
        jamharness.run("capacity", **request, store=tmp_path / "store", name="mine", observer=Interrupting())
    resumed = resume("mine", store=tmp_path / "store", workers=1)
    assert resumed.protocols["capacity"].cells["done"] == 30
    assert resumed.protocols["capacity"].cells["reused"] >= 7
    at_once = jamharness.run("capacity", **request, store=tmp_path / "other")
    pd.testing.assert_frame_equal(resumed.tables["capacity"]["loads"], at_once.tables["capacity"]["loads"])


def test_other_networks_have_no_count(tmp_path):
    """With a hidden layer nothing is known: no column of it."""
    settings = {"inputs": 2, "depth": 1, "width": 3, "loads": (0.3, 6.0), "draws": 4}
    run = jamharness.run("capacity", backend="numpy", settings=settings, store=tmp_path)
    table = run.tables["capacity"]["loads"]
    assert "exact" not in table
    assert table["patterns"].tolist() == [3, 54]  # N_w = 2·3 + 3
    assert table["satisfied"].tolist() == [4, 0]


def test_what_is_wrong_is_told_at_once(tmp_path):
    """One sentence for each value."""
    with pytest.raises(BadInput) as error:
        jamharness.run("capacity", backend="numpy", settings={"draws": 0, "loads": (-1.0,)}, store=tmp_path)
    assert len(error.value.problems) == 2


def test_cover():
    """By hand: x and −x on a line, and directions in the plane, three of four labellings of three points."""
    assert [separable(points, 1) for points in (1, 2, 3)] == [1, 0.5, 0.25]
    assert [separable(points, 2) for points in (2, 3, 4)] == [1, 0.75, 0.5]
