"""Quasistatic driving from cells to estimates."""

import numpy as np
import pytest
from jamharness_protocols.common.paper import at_least
from jamharness_protocols.margins.protocol import Margins
from jamharness_protocols.quasistatic.analysis import NUMBERS, analyse
from jamharness_protocols.quasistatic.figures import avalanches
from jamharness_protocols.quasistatic.protocol import Quasistatic

from jamharness.api import BadInput, CellResult, FinishedCell
from jamharness.plugins import Plugins, system_class
from jamharness.settings import build_settings

PROTOCOL = Quasistatic()
SMALL = Quasistatic.Settings(width=3, depth=1, seeds=2, steps=6, furthest=0.01)


def approach(seed, outcome="jammed"):
    """A cell that ended so."""
    cell = SMALL.approach(seed, SMALL.fixed_patterns)
    result = CellResult(values={"outcome": outcome}, arrays={})
    return FinishedCell(cell=cell, key=f"{100 + seed:064d}", result=result, failure="")


def finished(seed, sizes, contacts, happened=None, outcome="done"):
    """A cell of eight parameters whose steps exchanged so many contacts."""
    sizes = np.array(sizes, dtype=float)
    columns = dict.fromkeys(NUMBERS, np.zeros(len(sizes)))
    columns |= {
        "size": sizes, "avalanche": (sizes > 0).astype(float) if happened is None else np.array(happened, dtype=float),
        "contacts": np.array(contacts, dtype=float), "load": np.arange(len(sizes)) + 1.0,
    }  # fmt: skip
    values = {"outcome": outcome, "critical_margin": 0.1, "contacts": 5, "parameters": 8, "weights": 6}
    cell = SMALL.drive(approach(seed).cell)
    return FinishedCell(cell=cell, key=f"{seed:064d}", result=CellResult(values=values, arrays=columns), failure="")


def test_estimates_are_ratios_of_sums():
    """By hand: three avalanches of 2, 4 and 6 in eight steps, one of them of size 0 beside them."""
    done = [
        finished(0, [0, 2, 0, 4], [5, 5, 6, 6], happened=[0, 1, 1, 1]),
        finished(1, [0, 0, 0, 6], [5, 5, 6, 7]),
        finished(2, [8], [5], outcome="no minimum was reached at κ = 0.2"),
    ]
    findings = analyse([*done, *map(approach, range(3))])
    value = {name: estimate.value for name, estimate in findings.estimates.items()}
    assert value["avalanches"] == pytest.approx(4 / 2)
    assert value["size"] == pytest.approx(12 / 4)
    assert value["cutoff"] == pytest.approx(56 / 12)
    assert value["cutoff_share"] == pytest.approx(56 / 12 / 5)
    assert value["last_contacts"] == pytest.approx((6 / 8 + 7 / 8) / 2)
    assert value["driven"] == 2, "the third ended early, and tells nothing of the whole way"
    assert findings.estimates["size"].low is None, "two seeds say nothing of an interval"
    levels, part = at_least(avalanches(findings)[1])
    assert levels.tolist() == [2, 4, 6]
    assert part.tolist() == [3 / 4, 2 / 4, 1 / 4]


def test_no_avalanche_is_no_size():
    """Where nothing gave way their number is zero, and sizes have no value; nothing is drawn."""
    findings = analyse([cell for seed in range(6) for cell in (approach(seed), finished(seed, [0, 0], [5, 5]))])
    assert findings.estimates["avalanches"].value == 0
    assert findings.estimates["size"].value is None
    assert PROTOCOL.draw(findings) == {}
    assert PROTOCOL.plots(findings) == {}


def test_why_no_seed_was_driven_is_told():
    """None was brought to jamming; or those that were ended early, or failed."""
    assert analyse([approach(0, "budget")]).objection.startswith("No seed was brought to jamming (budget)")
    early = analyse([approach(0), finished(0, [8], [5], outcome="no minimum was reached at κ = 0.2")])
    assert early.objection == "No seed was driven to the last step: no minimum was reached at κ = 0.2"
    assert (early.estimates["driven"].value, early.estimates["driven"].count) == (0, 1)
    lost = FinishedCell(cell=SMALL.drive(approach(0).cell), key="0" * 64, result=None, failure="out of memory")
    findings = analyse([approach(0), lost])
    assert findings.objection == "No seed was driven to the last step: out of memory"
    assert findings.tables["seeds"]["reason"].tolist() == ["out of memory"]


@pytest.mark.parametrize("driving", ["margin", "patterns"])
def test_a_small_run_from_end_to_end(carry_out, driving):
    """A network at fixed |w|, compressed or filled: an approach and a drive of each seed, then none."""
    settings = Quasistatic.Settings(width=3, depth=1, seeds=2, steps=6, driving=driving)
    assert [cell.task for cell in PROTOCOL.plan(settings, [])] == ["approach"] * 2
    done = carry_out(PROTOCOL, settings)
    assert sorted(item.cell.task for item in done) == ["approach"] * 2 + ["quasistatic"] * 2
    assert PROTOCOL.plan(settings, done) == []
    findings = PROTOCOL.analyse(settings, done)
    assert findings.estimates.keys() == PROTOCOL.observables.keys()
    assert findings.estimates["driven"].value == 2
    patterns = settings.fixed_patterns
    for seed in (0, 1):
        loads = findings.arrays["load"][findings.arrays["seeds"] == seed]
        assert (np.diff(loads) > 0).all()
        if driving == "patterns":
            assert loads.tolist() == list(range(patterns + 1, patterns + 7))
    for item in (item for item in done if item.cell.task == "quasistatic"):
        assert (item.result.arrays["avalanche"] >= (item.result.arrays["size"] > 0)).all()


def test_packings_are_compressed(carry_out):
    """A system without patterns is driven in κ."""
    settings = build_settings(
        "quasistatic", Quasistatic.Settings, {"system": "spheres(particles=12)", "seeds": 1, "steps": 4},
        systems=lambda name: system_class(Plugins.load(), name),
    )  # fmt: skip
    done = carry_out(PROTOCOL, settings)
    assert done[-1].result.values["outcome"] == "done"


def test_an_approach_in_margin_is_that_of_the_other_protocols():
    """So that it is computed once for all; patterns to come belong to the data of the other."""
    same = Margins.Settings(width=3, depth=1)
    patterns = SMALL.fixed_patterns
    assert SMALL.approach(0, patterns) == same.approach(0, patterns)
    filled = Quasistatic.Settings(width=3, depth=1, steps=5, driving="patterns").approach(0, patterns)
    assert filled.coordinates["patterns"] == patterns
    assert filled.dataset.patterns == patterns + 6


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"constraint": "none"}, "a free network has no jamming point"),
        ({"activation": "relu"}, "lie on kinks"),
        ({"steps": 1}, "at least 2"),
        ({"nearest": 0.1}, "the first the smaller"),
        ({"nearest": 1e-9}, "beyond the overlaps"),
        ({"driving": "patern"}, "did you mean 'patterns'"),
        ({"system": "spheres", "driving": "patterns"}, "spheres has none"),
    ],
)
def test_what_cannot_be_is_refused(values, words):
    """In one sentence each."""
    with pytest.raises(BadInput, match=words):
        build_settings(
            "quasistatic", Quasistatic.Settings, values, systems=lambda name: system_class(Plugins.load(), name)
        )


@pytest.mark.parametrize(
    ("values", "name", "reason"),
    [
        ({"driving": "patterns"}, "furthest", "patterns come in at jamming itself"),
        ({}, "both_sides", "driving begins at a minimum, from above"),
    ],
)
def test_settings_without_effect_are_named(values, name, reason):
    """The host refuses them where they are set."""
    assert Quasistatic.Settings(**values).unused()[name] == reason
