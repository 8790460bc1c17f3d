"""Avalanches: counting changes of sets, and following a minimisation without changing it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays
from jamharness_numpy.backend import NumpyBackend
from jamharness_protocols.avalanches.following import changes, follow
from jamharness_protocols.avalanches.protocol import Avalanches

from jamharness.api import Adam, Cell, CellResult, FinishedCell, Network, State, generator

PROTOCOL = Avalanches()
SMALL = Avalanches.Settings(width=4, depth=2, seeds=2, budget=100, records=26, load=2.0, learning_rate=5e-2)


def test_changes_of_a_known_history():
    """Pattern 0 is learned, forgotten and learned; 1 is forgotten without having been learned; 2 stays unsatisfied."""
    counts = changes(np.array([[1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 1, 1]], dtype=bool))
    assert counts.learned.tolist() == [1, 0, 1]
    assert counts.forgotten.tolist() == [0, 2, 0]
    assert counts.times.tolist() == [1, 0, 0]


@given(history=arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)))
def test_changes_add_up(history):
    """N_Δ moves by forgotten − learned; sizes are those of symmetric differences; nothing is forgotten that often."""
    counts = changes(history)
    sets = [set(np.flatnonzero(row).tolist()) for row in history]
    assert (np.diff(history.sum(axis=1)) == counts.forgotten - counts.learned).all()
    sizes = [len(before ^ after) for before, after in pairwise(sets)]
    assert (counts.learned + counts.forgotten).tolist() == sizes
    assert (2 * counts.times <= len(history)).all()


def small_problem(backend):
    """A tiny network on eight patterns."""
    draw = generator("follow")
    x, y = draw.standard_normal((8, 3)), np.tile([-1.0, 1.0], 4)
    network = Network(inputs=3, width=4, depth=1, activation="tanh", bias=True)
    return backend.problem(network, x, y), network.initial(seed=1)


def test_following_does_not_change_the_path():
    """The margins at each record are those of one descent of that many updates."""
    problem, w = small_problem(NumpyBackend())
    steps, margins = follow(problem, w, Adam(learning_rate=1e-2), np.array([0, 7, 7, 30]), lambda _text: None)
    assert steps.tolist() == [0, 7, 30]
    for step, delta in zip(steps, margins, strict=True):
        state = problem.descend(State(w=w), int(step), Adam(learning_rate=1e-2)) if step else State(w=w)
        assert np.array_equal(delta, problem.margins(state.w))


def test_a_rule_that_diverges_fails_with_advice():
    """Margins that are not finite end the following; they are neither learned nor forgotten."""
    problem, w = small_problem(NumpyBackend())
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=r"after \d+ updates; lower learning_rate"):
        follow(problem, w, Adam(learning_rate=1e300), np.arange(0, 200, 10), lambda _text: None)


def test_following_ends_where_every_pattern_is_satisfied():
    """The last record is the first w that satisfies all patterns."""
    problem, w = small_problem(NumpyBackend())
    steps, margins = follow(problem, w, Adam(learning_rate=3e-2), np.arange(0, 5001, 500), lambda _text: None)
    assert (margins[-1] <= 0).all()
    assert (margins[-2] > 0).any()
    assert steps[-1] < 5000
    assert problem.descend(State(w=w), 5000, Adam(learning_rate=3e-2)).step == steps[-1]


def test_a_small_run_from_end_to_end(carry_out):
    """One cell for each seed, then none; estimates are declared, the values are JSON."""
    cells = PROTOCOL.plan(SMALL, [])
    assert [cell.coordinates["seed"] for cell in cells] == [0, 1]
    done = carry_out(PROTOCOL, SMALL)
    assert len(done) == 2
    assert PROTOCOL.plan(SMALL, done) == []
    findings = PROTOCOL.analyse(SMALL, done)
    assert set(findings.estimates) == set(Avalanches.observables)
    assert all(findings.estimates[name].count == 2 for name in ("size", "forgotten", "largest", "unsatisfied"))
    assert set(PROTOCOL.draw(findings)) == {"avalanches"}


def history(seed, sizes, times):
    """A finished cell whose intervals had these sizes."""
    sizes = np.array(sizes)
    columns = {"learned": sizes, "forgotten": 0 * sizes, "times": np.array(times)}
    values = {"unsatisfied": 1, "loss": 0.1, "updates": 10, "weights": 9, "parameters": 10}
    cell = Cell(task="avalanches", coordinates={"seed": seed, "patterns": len(times)})
    return FinishedCell(cell=cell, result=CellResult(values=values, arrays=columns))


def test_independent_changes_have_unit_variance_ratio_and_one_large_one_has_not():
    """Poisson sizes: Fano factor 1 within four standard errors, also with a falling rate; one with all: burst 1."""
    steady = generator("poisson").poisson(3.0, 20_000)
    falling = generator("falling").poisson(np.linspace(9.0, 1.0, 20_000))
    burst = np.zeros(400, dtype=int)
    burst[300] = 50
    findings = PROTOCOL.analyse(
        SMALL, [history(0, steady, [0, 2, 0, 0]), history(1, burst, [0] * 100), history(2, falling, [0])]
    )
    table = findings.tables["seeds"].set_index("seed")
    assert table.loc[0, "fano"] == pytest.approx(1, abs=4 * np.sqrt(3 / 10_000))
    assert table.loc[2, "fano"] == pytest.approx(1, abs=4 * np.sqrt(3 / 10_000))
    assert table.loc[1, "burst"] == 1
    assert table.loc[1, "largest"] == 0.5
    assert table.loc[0, "forgotten"] == 0.5
    assert table.loc[0, "ever_forgotten"] == 0.25


def test_a_failed_cell_is_a_row_with_its_reason():
    """And counts for no estimate; without any change there is an objection."""
    cell = PROTOCOL.plan(SMALL, [])[0]
    findings = PROTOCOL.analyse(SMALL, [FinishedCell(cell=cell, failure="out of memory")])
    assert findings.tables["seeds"]["reason"].tolist() == ["out of memory"]
    assert findings.estimates["size"].value is None
    assert "raise it or budget" in findings.objection
    assert PROTOCOL.draw(findings) == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"learning_rate": 0.0}, "learning_rate = 0.0"),
        ({"load": -1.0}, "load = -1.0"),
        ({"records": 1}, "records = 1"),
        ({"records": 1000}, "records = 1000"),
    ],
)
def test_wrong_settings_are_sentences(change, words):
    """Each names the value."""
    problems = replace(SMALL, **change).problems()
    assert len(problems) == 1
    assert problems[0].startswith(words)
