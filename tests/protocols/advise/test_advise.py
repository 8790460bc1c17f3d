"""Advice for worlds whose laws are known, what cannot be told, and a run on the digits."""

import io

import numpy as np
import pytest
from jamharness_protocols.advise.choosing import FACTORS, chosen, enough, expected
from jamharness_protocols.advise.protocol import Advise
from jamharness_protocols.advise.settings import CENSUS
from jamharness_protocols.generalisation.protocol import Generalisation

from jamharness.api import CellResult, FinishedCell

PROTOCOL = Advise()
TESTS = 4000
THERE = {"patterns": 8000, "test": TESTS, "components": 30}


def settings(**more):
    options = PROTOCOL.Settings(**more)
    assert options.problems() == []
    return options


def critical(patterns, exponent=0.7):
    return 3.0 * patterns**exponent


def error(patterns):
    return 0.9 * patterns**-0.35


def seconds(patterns):
    return 1e-4 * patterns**2


def world(options, there=THERE, critical=critical, error=error):
    """All cells of a run in a world of these laws, with 10% between draws and independent errors of networks."""
    done = {}
    while cells := PROTOCOL.plan(options, list(done.values())):
        for cell in (each for planned in cells for each in (*planned.needs, planned)):
            item = FinishedCell(cell=cell, result=result(cell, there, critical, error))
            done.setdefault((cell.task, cell.system, *map(str, cell.coordinates.items()), cell.dataset), item)
    return list(done.values())


def result(cell, there, critical, error):
    if cell.task == CENSUS:
        return CellResult(values=there)
    patterns, seed = cell.coordinates["patterns"], cell.coordinates["seed"]
    draw = np.random.default_rng([patterns, seed])
    needed = critical(patterns) * np.exp(0.1 * np.random.default_rng(cell.dataset.seed).standard_normal())
    outcome = "satisfied" if cell.system.weights >= needed else "arrested"
    if cell.task == "minimisation":
        spent = seconds(patterns) * np.exp(0.2 * draw.standard_normal())
        return CellResult(values={"outcome": outcome, "seconds": spent, "unsatisfied": 0})
    # Two parts of the error: patterns that every network errs on, and those that only it does.
    shared = np.arange(TESTS) < 0.6 * error(patterns) * TESTS
    own = draw.random(TESTS) < 0.4 * error(patterns)
    return CellResult(
        values={"outcome": outcome},
        arrays={"outputs": np.where(shared | own, -1.0, 1.0), "labels": np.ones(TESTS, dtype=np.int8)},
    )


def test_the_census_comes_first_and_parts_are_at_most_a_tenth():
    """Each part half of the next, even, of the cells of `generalisation`; P that is asked for is what counts."""
    options = settings()
    (census,) = PROTOCOL.plan(options, [])
    assert census.task == CENSUS
    assert census.dataset.patterns is None
    assert options.sizes(THERE) == (100, 200, 400, 800)
    assert options.sizes({**THERE, "patterns": 50_000}) == (124, 250, 500, 1000)
    assert settings(patterns=2000).sizes(THERE) == (24, 50, 100, 200)
    done = [FinishedCell(cell=census, result=CellResult(values=THERE))]
    cells = PROTOCOL.plan(options, done)
    assert cells == Generalisation().plan(options.small(THERE), [])
    assert max(cell.dataset.patterns for cell in cells) == 800
    assert options.small({**THERE, "components": 4}).inputs == 4
    assert options.small({**THERE, "components": None}).inputs == 10


def test_what_is_foretold_is_what_the_laws_say():
    """N*, the test error and the time at ten times as many patterns, within intervals that say something."""
    options = settings()
    done = world(options)
    findings = PROTOCOL.analyse(options, done)
    assert findings.objection == ""
    estimates = findings.estimates
    networks = int(estimates["networks"].value)
    expected = {
        "critical_weights": critical(8000), "single_error": error(8000), "seconds": seconds(8000), "exponent": 0.7,
    }  # fmt: skip
    for name, truth in expected.items():
        assert estimates[name].low < truth < estimates[name].high, name
    assert estimates["critical_weights"].high < 5 * estimates["critical_weights"].low
    assert estimates["test_error"].value < estimates["single_error"].value
    assert 2 <= networks <= options.networks
    # All widths err the same here, so that other data decide: the smallest width of twice N*.
    needed = 2 * estimates["critical_weights"].value
    width = int(estimates["width"].value)
    assert options.small(THERE).scanned(width).weights >= needed > options.small(THERE).scanned(width - 1).weights
    advice = findings.tables["advice"]
    assert advice["about"].tolist() == ["N*", "train", "average", "cost", "test error"]
    assert f"width {width} " in advice["answer"][1]
    assert f"{networks} networks" == advice["answer"][2]
    for figure in PROTOCOL.draw(findings).values():
        figure.savefig(io.BytesIO(), format="png")
    again = PROTOCOL.analyse(options, done[::-1])
    assert again.tables["advice"].equals(advice)
    PROTOCOL.analyse(options, done[: len(done) // 2])


@pytest.mark.parametrize(("slope", "interval"), [(0.4, (1.0, 1.0)), (-0.4, (8.0, 8.0)), (0.0, (2.0, 4.0))])
def test_the_width_is_where_networks_err_least(slope, interval):
    """At N* where errors rise with N/N*, as classes overlap; far beyond where they fall; between where neither."""
    curves = {factor: 0.1 * factor**slope for factor in FACTORS}
    relative = expected(curves)
    assert relative[2.0] == 1.0
    assert interval[0] <= chosen(relative) <= interval[1]
    assert (relative[8.0] > 1) == (slope >= 0)


def test_as_many_networks_as_are_enough():
    """Of an error a + b/K: the K within 2% of a, and a over the error there; one where averaging does nothing."""
    sizes = np.arange(1, 9)
    networks, limit = enough(0.1 + 0.01 / sizes)
    assert networks == 5  # 0.1 + 0.01/5 = 0.102
    assert limit == pytest.approx(0.1 / 0.102)
    networks, limit = enough(0.1 + 0.1 / sizes)
    assert networks == 8
    assert limit == pytest.approx(0.1 / 0.1125)
    assert enough(np.full(8, 0.1)) == (1, pytest.approx(1))
    assert enough(np.zeros(8)) == (1, 1.0)
    assert enough(0.1 / sizes)[0] == 8


def test_labels_that_cannot_be_learnt_are_told():
    """N* is there all the same, and no number stands for the error."""
    options = settings(seeds=3, networks=2)
    findings = PROTOCOL.analyse(options, world(options, error=lambda _: 0.5 / 0.76))
    assert findings.objection == ""
    assert findings.estimates["test_error"].value is None
    assert "as by chance" in findings.tables["advice"].set_index("about").loc["test error", "why"]
    assert findings.tables["advice"].set_index("about").loc["test error", "answer"] == "cannot tell"


@pytest.mark.parametrize(
    ("there", "law", "words"),
    [
        ({**THERE, "patterns": 300}, critical, "raise share to 0.1"),
        (THERE, lambda _: 1.0, "the smallest network satisfies every part"),
        (THERE, lambda _: 1e9, "no network satisfied every pattern"),
    ],
)
def test_what_cannot_be_told_is_an_objection_with_advice(there, law, words):
    """Too few patterns, patterns that anything satisfies, and patterns that nothing does."""
    options = settings(seeds=3, networks=2, highest_width=40)
    findings = PROTOCOL.analyse(options, world(options, there=there, critical=law))
    assert findings.objection.startswith("Cannot tell")
    assert words in findings.objection
    assert findings.estimates["critical_weights"].value is None
    assert findings.estimates["width"].value is None
    assert PROTOCOL.draw(findings) == {}


def test_nothing_is_an_objection():
    """Before the census, and where it failed."""
    options = settings()
    assert PROTOCOL.analyse(options, []).objection
    failed = FinishedCell(cell=options.census(), failure="no such file")
    assert "no such file" in PROTOCOL.analyse(options, [failed]).objection
    assert PROTOCOL.plan(options, [failed]) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"dataset": "random"}, "name a real data set"),
        ({"share": 0.0}, "at most 1"),
        ({"networks": 1}, "at least 2"),
        ({"minimiser": "adam"}, "advice is for lm"),
        ({"labels": "random"}, "leave it out"),
        ({"width": 3}, "what advice is about"),
    ],
)
def test_what_cannot_be_is_refused(wrong, words):
    """In a sentence with what is allowed."""
    (problem,) = PROTOCOL.Settings(**wrong).problems()
    assert words in problem
