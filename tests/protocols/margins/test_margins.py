"""The margins protocol: planted exponents are found, and only margins that belong to the transition count."""

from dataclasses import replace

import numpy as np
import pytest
from jamharness_numpy.backend import NumpyBackend
from jamharness_protocols.margins.protocol import Margins
from jamharness_protocols.margins.samples import crossing, gaps_satisfied, minima, overlaps, satisfied
from jamharness_protocols.margins.task import pinned_patterns

from jamharness.api import Cell, CellResult, FinishedCell, Network, QuadraticHinge, generator

PROTOCOL = Margins()
SMALL = Margins.Settings(
    constraint="none", activation="relu", width=3, depth=1, seeds=2, relative=(0.5, 1.5), resolution=0.5
)
THETA, GAMMA = 0.42, 0.41


def finished(seed, relative, outcome, margins, pinned=None, minimiser="lm", margin=1.0):
    """A cell that ended with these margins, of a network of 400 parameters."""
    margins = np.asarray(margins, dtype=float)
    coordinates = {"seed": seed, "relative": relative, "patterns": len(margins)}
    need = Cell(task="minimisation", coordinates={"minimiser": minimiser})
    none = np.zeros(len(margins), dtype=bool)
    return FinishedCell(
        cell=Cell(task="margins", loss=QuadraticHinge(margin=margin), coordinates=coordinates, needs=(need,)),
        result=CellResult(
            values={"outcome": outcome, "unsatisfied": int((margins > 0).sum()), "parameters": 400, "weights": 380},
            arrays={"margins": margins, "pinned": none if pinned is None else pinned},
        ),
    )


def planted(seed, relative, outcome, scale=0.01):
    """Overlaps ~ x^θ e^−x at a scale of their own, gaps ~ x^−γ e^−x/20; contacts of a satisfied network at −0.02."""
    draw = generator("planted", seed, relative)
    gaps = 20 * draw.gamma(1 - GAMMA, size=1500)
    if outcome == "minimum":
        margins = np.concatenate([scale * draw.gamma(1 + THETA, size=500), -gaps[gaps > scale]])
    else:
        margins = -0.02 - np.concatenate([gaps, 1e-5 * draw.standard_normal(150)])
    return finished(seed, relative, outcome, draw.permutation(margins))


def test_planted_exponents_are_found():
    """θ, γ on both sides and γ(2+θ) lie in their intervals, whatever the scale of each seed's overlaps."""
    chosen = replace(SMALL, seeds=12, relative=(0.9, 1.1))
    done = [planted(seed, 0.9, "satisfied") for seed in range(12)]
    done += [planted(seed, 1.1, "minimum", scale=10 ** -(2 + seed / 8)) for seed in range(12)]
    findings = PROTOCOL.analyse(chosen, done)
    product = GAMMA * (2 + THETA)
    for name, true in (
        ("theta", THETA), ("gamma", GAMMA), ("gamma_satisfied", GAMMA), ("gamma_times_2_plus_theta", product),
    ):  # fmt: skip
        estimate = findings.estimates[name]
        assert estimate.low < true < estimate.high
        assert estimate.low < estimate.value < estimate.high
        assert estimate.count == 12
        assert estimate.high - estimate.low < 0.6
    assert set(PROTOCOL.draw(findings)) == {"margins", "windows"}
    assert set(findings.tables["windows"]["name"]) == {"theta", "gamma", "gamma_satisfied"}
    assert set(findings.tables["loads"]["relative"]) == {0.9, 1.1}


def test_the_order_of_cells_does_not_matter():
    """Estimates are the same from the cells in reverse."""
    done = [planted(seed, 1.1, "minimum") for seed in range(2)]
    forth, back = PROTOCOL.analyse(SMALL, done), PROTOCOL.analyse(SMALL, done[::-1])
    assert forth.estimates == back.estimates


def test_the_minimum_nearest_to_the_threshold_counts():
    """The smallest load with a minimum that counts, and the largest satisfied one."""
    done = [planted(0, load, outcome) for load, outcome in ((1.2, "minimum"), (1.1, "minimum"), (1.0, "satisfied"))]
    done.append(planted(0, 0.9, "satisfied"))
    done.append(finished(0, 1.05, "minimum", np.concatenate([np.ones(39), -np.ones(900)])))
    assert [item.cell.coordinates["relative"] for item in minima(done)[0]] == [1.1, 1.2]
    assert [item.cell.coordinates["relative"] for item in satisfied(done)[0]] == [1.0, 0.9]


def test_minima_of_pinned_or_solved_patterns_do_not_count():
    """0.1 N patterns must be left without the pinned ones, with overlaps above the minimiser's rest."""
    margins = np.concatenate([np.full(100, 0.5), -np.ones(300)])
    assert list(minima([finished(0, 1.1, "minimum", margins)])) == [0]
    assert not minima([finished(0, 1.1, "minimum", margins, pinned=margins > 0)])
    assert not minima([finished(0, 1.1, "minimum", np.where(margins > 0, 1e-9, margins))])


def test_overlaps_are_in_units_of_each_median():
    """Half of every seed's values lie on either side of 1; pinned patterns are none of them."""
    margins = np.concatenate([np.linspace(0.1, 0.9, 51), np.full(9, 7.0), -np.ones(30)])
    item = finished(3, 1.1, "minimum", margins, pinned=margins == 7)
    samples = overlaps([item])
    assert (samples.values.size, float(np.median(samples.values))) == (51, pytest.approx(1))
    assert set(samples.seeds.tolist()) == {3}


def test_overlaps_begin_where_gaps_are_no_longer_as_frequent():
    """Of 0.1, 0.2 and 0.9 the last is the longest gap with as many gaps as overlaps up to it; long gaps say nothing."""
    assert crossing(np.array([0.5, 0.95, 1.5]), np.array([0.9, 0.1, 0.2, 30.0])) == 0.9
    assert crossing(np.array([0.05, 0.5, 0.8, 0.85, 1.5]), np.array([0.9, 0.1, 0.2])) == 0.2
    assert crossing(np.array([0.5, 1.5]), np.array([2.0, 3.0])) == 0.0
    assert crossing(np.array([0.5, 1.5]), np.zeros(0)) == 0.0


def test_gaps_are_measured_from_the_margin_aimed_at():
    """Levenberg–Marquardt aims at 1.02 κ; the papers' minimisers at κ."""
    margins = np.array([-0.02, -0.01, -0.52, -1.02]) * 2
    samples = gaps_satisfied([finished(0, 0.9, "satisfied", margins, margin=2.0)], 1e-3)
    assert np.allclose(np.sort(samples.values[samples.values < -1e-9]), [-1.0, -0.5])
    other = gaps_satisfied([finished(0, 0.9, "satisfied", margins, minimiser="adam", margin=2.0)], 1e-3)
    assert np.allclose(np.sort(other.values), [-1.02, -0.52, -0.02, -0.01])


def test_pinned_patterns_have_a_unit_that_is_off_on_every_path():
    """A layer whose units are all off for a pattern: its output is the last bias alone."""
    network = Network(inputs=2, width=2, depth=1, activation="relu", bias=True)
    x, y = np.array([[1.0, 0.0], [-1.0, 0.0], [-2.0, 1.0], [1.0, 1.0]]), np.array([1.0, 1.0, -1.0, -1.0])
    w = np.array([1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.1, 0.1, 0.0])  # z = x₁ (1, 2), f = 0.1 (z₁ + z₂)
    problem = NumpyBackend().problem(network, x, y)
    assert pinned_patterns(problem, w).tolist() == [False, True, True, False]


def test_a_small_run_from_end_to_end(carry_out):
    """Each seed's own search, then its loads; estimates are declared observables, and too few margins give none."""
    done = carry_out(PROTOCOL, SMALL)
    own = [item for item in done if item.cell.task == "margins"]
    assert len(own) == 4
    for item in own:
        assert item.result.arrays["pinned"].sum() == item.result.values["pinned"]
    findings = PROTOCOL.analyse(SMALL, done)
    assert set(findings.estimates) < set(Margins.observables)
    assert len(findings.tables["cells"]) == 4
    PROTOCOL.draw(findings)


def test_nothing_yet_is_no_error():
    """An analysis without cells has no estimates and an objection."""
    findings = PROTOCOL.analyse(SMALL, [])
    assert findings.estimates["theta"].value is None
    assert findings.estimates["gamma_times_2_plus_theta"].value is None
    assert "relative=1.3" in findings.objection
    assert PROTOCOL.draw(findings) == {}


def test_a_failed_cell_is_a_row_with_its_reason():
    """And counts for nothing else."""
    cell = Cell(task="margins", coordinates={"seed": 0, "relative": 1.1, "patterns": 20})
    findings = PROTOCOL.analyse(SMALL, [FinishedCell(cell=cell, failure="out of memory")])
    assert findings.tables["cells"]["reason"].tolist() == ["out of memory"]


def test_the_presets_are_settings():
    """Every preset names fields and has no problems."""
    for preset in Margins.presets.values():
        assert replace(Margins.Settings(), **preset).problems() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"relative": ()}, "relative = "),
        ({"relative": (1.0, -2.0)}, "relative = -2"),
        ({"smallest_gap": 1.0}, "smallest_gap = 1.0"),
    ],
)
def test_wrong_settings_are_sentences(change, words):
    """Each names the value."""
    problems = replace(SMALL, **change).problems()
    assert len(problems) == 1
    assert problems[0].startswith(words)


def test_where_no_minimum_counts_the_measurement_does_not_apply():
    """Minima with few unsatisfied patterns, as of small networks, or none at finite w: it is said, with what helps."""
    few = [finished(seed, 1.1, "minimum", [0.1] * 20 + [-1.0] * 480) for seed in range(3)]
    findings = PROTOCOL.analyse(SMALL, few)
    assert findings.not_applicable
    assert "use a larger width" in findings.objection
    diverging = PROTOCOL.analyse(SMALL, [finished(0, 1.1, "diverging", [0.1] * 200 + [-1.0] * 300)])
    assert diverging.not_applicable
    assert "no minimum" not in diverging.objection
    assert "L has none at finite w" in diverging.objection
    assert not PROTOCOL.analyse(SMALL, []).not_applicable
    assert not PROTOCOL.analyse(SMALL, [planted(seed, 1.1, "minimum") for seed in range(3)]).not_applicable
    failed = replace(few[0], result=None, failure="the worker died")
    assert not PROTOCOL.analyse(SMALL, [*few[1:], failed]).not_applicable


def test_two_seeds_give_exponents_without_intervals():
    """Nothing is known of how seeds differ; one seed's interval is that of its own margins."""
    findings = PROTOCOL.analyse(SMALL, [planted(seed, 1.1, "minimum") for seed in range(2)])
    for name in ("theta", "gamma", "gamma_times_2_plus_theta", "overlap"):
        estimate = findings.estimates[name]
        assert estimate.value is not None
        assert (estimate.low, estimate.high, estimate.count) == (None, None, 2)
        assert "2 seeds: no interval" in estimate.note
