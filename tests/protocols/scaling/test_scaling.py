"""N* against P: jamming's own cells, exponents that were put in, and a whole run on the digits."""

import io

import numpy as np
import pandas as pd
import pytest
from jamharness_protocols.jamming.protocol import Jamming
from jamharness_protocols.scaling import analysis
from jamharness_protocols.scaling.protocol import Scaling

from jamharness.api import CellResult, FinishedCell
from jamharness.datasets.digits import load

PROTOCOL = Scaling()


def settings(**more):
    options = PROTOCOL.Settings(**{"patterns": (20, 40, 80), "inputs": 4, "depth": 1, "seeds": 3, **more})
    assert options.problems() == []
    return options


def test_the_searches_are_those_of_jamming():
    """Of both kinds of labels, cell by cell, on the same inputs."""
    options = settings()
    data, random = options.searches().values()
    cells = PROTOCOL.plan(options, [])
    assert cells == [*Jamming().plan(data, []), *Jamming().plan(random, [])]
    assert len(cells) == 18
    own, fair = load(cells[0].dataset), load(cells[9].dataset)
    np.testing.assert_array_equal(own.x, fair.x)
    assert 0.2 < (own.y != fair.y).mean() < 0.8
    assert len(PROTOCOL.plan(settings(beside=False), [])) == 9


def finished(options, exponents):
    """Searches that end where N* = P^x says, with x by the kind of labels and 10% between seeds."""
    done = []
    while cells := PROTOCOL.plan(options, done):
        for cell in cells:
            at, draw = cell.coordinates, np.random.default_rng(cell.coordinates["seed"])
            critical = 1.5 * at["patterns"] ** exponents[cell.dataset.labels] * np.exp(0.1 * draw.standard_normal())
            outcome = "satisfied" if cell.system.weights >= critical else "arrested"
            values = {"outcome": outcome, "unsatisfied": 0, "weights": cell.system.weights, "pinned": 0,
                      "parameters": cell.system.size}  # fmt: skip
            done.append(FinishedCell(cell=cell, result=CellResult(values=values)))
    return done


def test_exponents_that_were_put_in_are_found():
    """3/4 and 1, each within its interval, and their difference; N* at the largest P."""
    options = settings(patterns=(100, 200, 400, 800, 1600, 3200), inputs=10, depth=2, seeds=6)
    findings = PROTOCOL.analyse(options, finished(options, {"alternate": 0.75, "random": 1.0}))
    assert findings.objection == ""
    truths = {"scaling_exponent": 0.75, "scaling_exponent_random": 1.0, "exponent_gap": 0.25}
    for name, truth in truths.items():
        each = findings.estimates[name]
        assert each.low < truth < each.high
        assert each.high - each.low < 0.12
        assert each.count == 6
    own, random, gap = (findings.estimates[name].high - findings.estimates[name].low for name in truths)
    assert gap == pytest.approx(np.hypot(own, random), rel=0.1)
    assert findings.estimates["decades"].value == pytest.approx(1.505, abs=1e-3)
    assert findings.estimates["critical_weights"].value == pytest.approx(1.5 * 3200**0.75, rel=0.2)
    assert findings.estimates["critical_weights_random"].value == pytest.approx(1.5 * 3200, rel=0.2)
    slopes = findings.tables["slopes"]
    assert [*zip(slopes["from"], slopes["to"], strict=True)][:5] == [(p, 2 * p) for p in (100, 200, 400, 800, 1600)]
    covers = (slopes["low"] < slopes["labels"].map({"data": 0.75, "random": 1.0})) & (
        slopes["labels"].map({"data": 0.75, "random": 1.0}) < slopes["high"]
    )
    assert covers.sum() >= 9
    for kind, truth in (("", 0.75), ("_random", 1.0)):
        local = findings.estimates[f"local_exponent{kind}"]
        assert local.low < truth < local.high
        assert local.value == slopes[slopes["labels"] == ("random" if kind else "data")]["exponent"].iloc[-1]
    sizes = findings.tables["sizes"]
    assert sizes.groupby("labels")["patterns"].apply(list).to_dict() == {
        "data": [100, 200, 400, 800, 1600, 3200], "random": [100, 200, 400, 800, 1600, 3200],
    }  # fmt: skip
    for figure in PROTOCOL.draw(findings).values():
        figure.savefig(io.BytesIO(), format="png")
    points = PROTOCOL.plots(findings)["scaling"].series
    assert {len(each.x) for each in points if not each.line} == {36}


def test_searches_with_one_end_count_for_what_they_say():
    """Where the smallest network satisfies, N* lies below it: leaving that out would make the slope too small."""
    rows = [
        {"seed": seed, "patterns": patterns, "weights_unsatisfied": low, "weights_satisfied": high, "decided": True}
        for seed in range(4)
        for patterns, low, high in ((100, np.nan, 12), (200, 12, 26), (400, 26, 42), (800, 42, 60))
    ]
    estimate, line = analysis.exponent_of(pd.DataFrame(rows))
    assert "4 of 16 searches have one end only" in estimate.note
    assert np.exp(np.median(line.at(np.log(1 / 8)))) < 13


def test_a_whole_small_run(carry_out):
    """On the digits, with random labels beside them, in whatever order cells finish."""
    options = settings(patterns=(16, 40), seeds=2)
    done = carry_out(PROTOCOL, options)
    findings = PROTOCOL.analyse(options, done)
    assert findings.objection == ""
    assert findings.estimates["scaling_exponent_random"].value > 0
    assert set(findings.tables["trials"]["labels"]) == {"data", "random"}
    again = PROTOCOL.analyse(options, done[::-1])
    assert again.estimates == findings.estimates
    assert PROTOCOL.outlook(options, done).fewest == 0
    assert PROTOCOL.comparison_points(options)
    failed = [FinishedCell(cell=item.cell, failure="lost") for item in done]
    assert "failed. The first: lost" in PROTOCOL.analyse(options, failed).objection
    assert PROTOCOL.analyse(options, []).objection


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"patterns": (100,)}, "at least two values of P"),
        ({"patterns": (100, 201)}, "use 200 or 202"),
        ({"width": 7}, "searches the width"),
        ({"depth": 0}, "use depth=1"),
        ({"start_ratio": -1.0}, "positive"),
    ],
)
def test_what_cannot_be_is_refused(wrong, words):
    """In a sentence with what is allowed."""
    (problem,) = PROTOCOL.Settings(**wrong).problems()
    assert words in problem
