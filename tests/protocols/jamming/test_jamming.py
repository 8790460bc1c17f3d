"""The jamming protocol, its trials replaced by an oracle with known thresholds."""

import io
import json
import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from jamharness_numpy.backend import NumpyBackend
from jamharness_protocols.jamming import analysis
from jamharness_protocols.jamming.loads import crossing, zero_margin_load
from jamharness_protocols.jamming.protocol import Jamming

from jamharness.api import CellResult, FinishedCell
from jamharness.datasets.random import load

PROTOCOL = Jamming()
RATIOS = {seed: 2.0 + 0.3 * seed for seed in range(8)}  # each seed's threshold in P/N_w
JUMPS = {seed: 0.6 + 0.05 * seed for seed in range(8)}


def trial(cell, threshold, outcome=None):
    """A finished cell, satisfied up to the threshold of its seed."""
    network, at = cell.system, cell.coordinates
    decided = "satisfied" if at["patterns"] / network.weights <= threshold else "minimum"
    outcome = outcome or decided
    values = {
        "outcome": outcome,
        "unsatisfied": 0 if outcome == "satisfied" else round(JUMPS[at["seed"]] * network.weights),
        "loss": 0.0, "certificate": 0.0, "balance": 0.0, "decline": 0.0, "pinned": 0, "iterations": 1,
        "factorisations": 1, "seconds": 0.1, "reason": "", "weights": network.weights, "parameters": network.size,
    }  # fmt: skip
    return FinishedCell(cell=cell, result=CellResult(values=values))


def same_trial(cell):
    """A finished cell, satisfied up to the threshold of its own seed."""
    return trial(cell, RATIOS[cell.coordinates["seed"]])


def carry_out(settings, finish=same_trial):
    """Plan and finish until nothing is left."""
    done = []
    while cells := PROTOCOL.plan(settings, done):
        finished_cells = [finished.cell for finished in done]
        assert not any(cell in finished_cells for cell in cells)
        done += [finish(cell) for cell in cells]
        assert len(done) < 500
    return done


SCANS = {
    "patterns": Jamming.Settings(seeds=5, width=8),
    "width": Jamming.Settings(scan="width", patterns=(50, 100, 200), seeds=4, depth=2, inputs=6),
    "odd": Jamming.Settings(seeds=2, width=(5, 7), labels="random", seed=3, patterns=501),
}
EVERY_SCAN = pytest.mark.parametrize("settings", SCANS.values(), ids=SCANS)


def test_the_scans_have_no_problems():
    """The settings that these tests use are valid, and so are the presets."""
    assert [settings.problems() for settings in SCANS.values()] == [[], [], []]
    assert all(Jamming.Settings(**preset).problems() == [] for preset in Jamming.presets.values())


@EVERY_SCAN
def test_the_plan_is_pure(settings):
    """At every point of a run the same cells follow from what is done in any order, and asking changes nothing."""
    done = carry_out(settings)
    for count in range(0, len(done), 3):
        some = done[:count]
        expected = PROTOCOL.plan(settings, some)
        for seed in range(3):
            shuffled = random.Random(seed).sample(some, len(some))
            assert list(PROTOCOL.plan(settings, shuffled)) == list(expected)


@EVERY_SCAN
def test_the_trials_of_a_seed_are_nested(settings):
    """All cells of one seed ask for one and the same pool, and take no more patterns than it holds."""
    pools = {}
    for finished in carry_out(settings):
        cell = finished.cell
        assert pools.setdefault(cell.coordinates["seed"], cell.dataset) == cell.dataset
        assert cell.dataset.seed == cell.coordinates["seed"]
        assert cell.dataset.inputs == cell.system.inputs
        assert 2 <= cell.coordinates["patterns"] <= cell.dataset.patterns
        assert cell.coordinates["patterns"] % 2 == 0 or settings.labels == "random"
        json.dumps(cell.coordinates, allow_nan=False)
    assert sorted(pools) == list(range(settings.seed, settings.seed + settings.seeds))


@EVERY_SCAN
def test_the_search_takes_few_trials(settings):
    """No seed needs more than a dozen trials."""
    done = carry_out(settings)
    searches = settings.seeds * (len(settings.scanned_patterns) if settings.scan == "width" else 1)
    assert searches < len(done) <= 12 * searches


def test_known_thresholds_are_found():
    """Every bracket holds its seed's threshold within the resolution, and the estimates are those of the midpoints."""
    settings = SCANS["patterns"]
    findings = PROTOCOL.analyse(settings, carry_out(settings))
    table = findings.tables["thresholds"]
    assert list(table["seed"]) == list(range(5))
    for row in table.to_dict("records"):
        assert row["ratio_satisfied"] <= RATIOS[row["seed"]] < row["ratio_unsatisfied"]
        assert row["ratio_unsatisfied"] - row["ratio_satisfied"] <= settings.resolution + 1e-12
        assert row["decided"]
    middle = ((table["ratio_satisfied"] + table["ratio_unsatisfied"]) / 2).to_numpy()
    ratio = findings.estimates["critical_ratio"]
    assert (ratio.value, ratio.count, ratio.note) == (pytest.approx(middle.mean()), 5, "")
    assert ratio.low < np.mean([RATIOS[seed] for seed in range(5)]) < ratio.high
    network = settings.network()
    assert findings.estimates["critical_ratio_parameters"].value == pytest.approx(
        ratio.value * network.weights / network.size
    )
    assert findings.estimates["transition_width"].value == pytest.approx(middle.std(ddof=1))
    assert findings.estimates["jump_smallest"].value == pytest.approx(JUMPS[0], abs=1 / network.weights)
    assert findings.estimates["jump_median"].value == pytest.approx(JUMPS[2], abs=1 / network.weights)
    assert findings.objection == ""


def test_a_scan_over_widths_finds_known_thresholds_and_their_slope():
    """With thresholds at fixed P/N_w, N* is proportional to P: each bracket is one unit wide and the slope is 1."""
    settings = Jamming.Settings(scan="width", patterns=(400, 800, 1600, 3200), seeds=4, inputs=6)
    done = carry_out(settings)
    findings = PROTOCOL.analyse(settings, done)
    table = findings.tables["thresholds"]
    assert len(table) == 16
    for row in table.to_dict("records"):
        assert row["ratio_satisfied"] <= RATIOS[row["seed"]] < row["ratio_unsatisfied"]
    slope = findings.estimates["scaling_exponent"]
    assert (slope.value, slope.count) == (pytest.approx(1.0, abs=0.05), 4)
    assert findings.estimates["critical_ratio"].count == 4
    largest = table[table["patterns"] == 3200]
    assert findings.estimates["critical_ratio"].value == pytest.approx(
        ((largest["ratio_satisfied"] + largest["ratio_unsatisfied"]) / 2).mean()
    )


def test_the_order_of_trials_does_not_matter_to_the_findings():
    """Tables and estimates are the same from any order of what is done."""
    settings = SCANS["patterns"]
    done = carry_out(settings)
    first = PROTOCOL.analyse(settings, done)
    second = PROTOCOL.analyse(settings, random.Random(1).sample(done, len(done)))
    assert dict(first.estimates) == dict(second.estimates)
    for name, table in first.tables.items():
        assert table.equals(second.tables[name])


def test_counts_are_of_all_trials():
    """Satisfied, minimum and undecided add up to the number of trials, and each is a row."""
    settings = SCANS["patterns"]
    done = carry_out(settings)
    findings = PROTOCOL.analyse(settings, done)
    counts = {name: findings.estimates[name].value for name in ("satisfied", "minimum", "undecided")}
    assert sum(counts.values()) == len(done) == len(findings.tables["trials"])
    assert counts["satisfied"] == sum(f.result.values["outcome"] == "satisfied" for f in done)
    assert counts["undecided"] == 0


def near(cell, width):
    """Whether a trial lies within a distance in P/N_w of its seed's threshold."""
    return abs(cell.coordinates["patterns"] / cell.system.weights - RATIOS[cell.coordinates["seed"]]) < width


def test_undecided_trials_widen_the_interval():
    """Where trials near the threshold are undecided, the interval is wider on both sides and says why."""
    settings = SCANS["patterns"]

    def unsure(cell):
        return trial(cell, RATIOS[cell.coordinates["seed"]], "undecided" if near(cell, 0.4) else None)

    done = carry_out(settings, unsure)
    sharp, findings = PROTOCOL.analyse(settings, carry_out(settings)), PROTOCOL.analyse(settings, done)
    narrow, wide = sharp.estimates["critical_ratio"], findings.estimates["critical_ratio"]
    assert wide.low < narrow.low - 0.2
    assert wide.high > narrow.high + 0.2
    assert "undecided trials in 5 of 5 brackets" in wide.note
    assert not findings.tables["thresholds"]["decided"].any()
    assert findings.estimates["undecided"].value == sum(f.result.values["outcome"] == "undecided" for f in done) > 0


def test_failed_cells_are_rows_and_count_as_undecided():
    """A failed cell is not tried again here, keeps its reason, and is an end of no bracket."""
    settings = SCANS["patterns"]

    def failing(cell):
        if near(cell, 0.15):
            return FinishedCell(cell=cell, failure="The worker died.")
        return trial(cell, RATIOS[cell.coordinates["seed"]])

    done = carry_out(settings, failing)
    failed = sum(f.result is None for f in done)
    assert failed > 0
    findings = PROTOCOL.analyse(settings, done)
    assert findings.estimates["undecided"].value == failed
    trials = findings.tables["trials"]
    assert list(trials[trials["outcome"] == "failed"]["reason"]) == ["The worker died."] * failed
    for row in findings.tables["thresholds"].to_dict("records"):
        assert row["ratio_satisfied"] <= RATIOS[row["seed"]] < row["ratio_unsatisfied"]


def test_runs_that_diverge_end_a_bracket_and_make_no_jump():
    """Their loss stays above zero however large the weights: the threshold is found, and no minimum is claimed."""
    settings = SCANS["patterns"]

    def diverging(cell):
        done = trial(cell, RATIOS[cell.coordinates["seed"]])
        if done.result.values["outcome"] == "satisfied":
            return done
        return trial(cell, 0, "diverging")

    findings, sharp = (PROTOCOL.analyse(settings, carry_out(settings, finish)) for finish in (diverging, same_trial))
    assert findings.estimates["critical_ratio"] == sharp.estimates["critical_ratio"]
    assert findings.estimates["diverging"].value == sharp.estimates["minimum"].value > 0
    assert findings.estimates["minimum"].value == 0
    assert findings.estimates["jump_median"].value is None
    assert findings.objection == ""


def test_a_seed_stops_after_three_undecided_trials_and_its_load_is_a_bound():
    """Beyond the hardest satisfied load only three are tried; what is known is one side, and it is said what helps."""
    settings = SCANS["patterns"]

    def unsure(cell):
        done = trial(cell, RATIOS[cell.coordinates["seed"]])
        return done if done.result.values["outcome"] == "satisfied" else trial(cell, 0, "undecided")

    done = carry_out(settings, unsure)
    findings = PROTOCOL.analyse(settings, done)
    trials = findings.tables["trials"]
    assert (trials[trials["outcome"] == "undecided"].groupby("seed").size() <= 3).all()
    ratio = findings.estimates["critical_ratio"]
    assert (ratio.value, ratio.high, ratio.count) == (None, None, 5)
    assert min(RATIOS.values()) - 1.0 < ratio.low < np.mean([RATIOS[seed] for seed in range(5)])
    assert f"P/N_w is above {ratio.low:.2g}" in findings.objection
    adam = replace(settings, minimiser="adam")
    assert "use minimiser=lm" in PROTOCOL.analyse(adam, carry_out(adam, unsure)).objection


def test_the_start_of_a_scan_over_widths_is_found_without_trying_all():
    """The first width whose network has P/3 weights, of a million; with smaller limits the limit."""
    for highest, expected in ((10**6, [3, 5, 8, 12]), (4, [3, 4, 4, 4])):
        settings = Jamming.Settings(scan="width", highest_width=highest, seeds=1)
        assert settings.problems() == []
        assert [cell.system.width for cell in PROTOCOL.plan(settings, [])] == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seeds", 999_999_999), ("depth", 10**6), ("width", 10**300), ("width", (5, 10**9)), ("inputs", 10**9),
        ("budget", 10**12), ("patterns", 10**15), ("highest_width", 10**9), ("highest_ratio", 1e9),
    ],
)  # fmt: skip
def test_what_a_plan_grows_with_is_bounded(name, value):
    """One sentence with the value and the most that is allowed, without making the plan."""
    (sentence,) = Jamming.Settings(**{name: value}).problems()
    assert sentence.startswith(f"{name} = ")
    assert "at most" in sentence
    assert len(sentence) < 100


def test_networks_too_large_for_any_memory_are_refused():
    """Each setting is within its bounds, and N is not."""
    (sentence,) = Jamming.Settings(width=10**5, depth=3).problems()
    assert "parameters; at most 1e9" in sentence


@pytest.mark.parametrize(
    ("outcome", "advice"),
    [
        ("minimum", "No run satisfied every pattern"),
        ("satisfied", "No run ended in a minimum"),
        ("undecided", "No run satisfied every pattern"),
    ],
)
def test_a_question_without_an_answer_ends_in_an_objection(outcome, advice):
    """When one side of the transition was never seen, there is no value, and the objection says what to change."""
    settings = SCANS["patterns"]
    findings = PROTOCOL.analyse(settings, carry_out(settings, lambda cell: trial(cell, 0, outcome)))
    assert findings.estimates["critical_ratio"].value is None
    assert findings.objection.startswith(advice)
    assert "start_ratio" in findings.objection or "highest_ratio" in findings.objection


def test_a_seed_without_an_end_leaves_its_side_of_the_interval_open():
    """One seed is satisfied everywhere: the others are averaged, the upper end is unknown, and the note says so."""
    settings = SCANS["patterns"]
    done = carry_out(
        settings, lambda cell: trial(cell, 99 if cell.coordinates["seed"] == 4 else RATIOS[cell.coordinates["seed"]])
    )
    ratio = PROTOCOL.analyse(settings, done).estimates["critical_ratio"]
    assert (ratio.count, ratio.high) == (4, None)
    assert ratio.low is not None
    assert "1 seeds have no unsatisfied end" in ratio.note


@EVERY_SCAN
def test_findings_exist_at_every_point_of_a_run(settings):
    """Analysis and figures are possible with any part of the cells done, none included."""
    done = carry_out(settings)
    for count in (0, 1, 2, 5, len(done) // 2, len(done)):
        findings = PROTOCOL.analyse(settings, done[:count])
        assert len(findings.tables["trials"]) == min(count, len(done))
        for figure in PROTOCOL.draw(findings).values():
            figure.savefig(io.BytesIO(), format="png")


def test_figures():
    """The jump is drawn always, the scaling for a scan over widths; axes are labelled."""
    names = {}
    for name in ("patterns", "width"):
        figures = PROTOCOL.draw(PROTOCOL.analyse(SCANS[name], carry_out(SCANS[name])))
        names[name] = sorted(figures)
        for figure in figures.values():
            assert all(axes.get_xlabel() and axes.get_ylabel() and axes.lines for axes in figure.axes)
    assert names == {"patterns": ["jump"], "width": ["jump", "scaling"]}


@pytest.mark.parametrize(("slopes", "low", "high"), [((0.7, 1.5), True, False), ((2.0, 3.0), True, True)])
def test_no_interval_ends_where_the_loads_do(slopes, low, high):
    """κ_J = 1 − slope (load − 2) over four loads up to 3: zero near the last, or well before it."""
    loads, draw = np.array([2.0, 2.3, 2.6, 3.0]), np.random.default_rng(3)
    rows = [
        {"seed": seed, "load": load, "outcome": "jammed", "critical_margin": 1 - slope * (load - 2)}
        for seed, slope in enumerate(draw.uniform(*slopes, 12)) for load in loads
    ]  # fmt: skip
    estimate = zero_margin_load(pd.DataFrame(rows), networks=False)
    assert (estimate.low is not None, estimate.high is not None) == (low, high)
    assert bool(estimate.note) == (not high)
    network = zero_margin_load(pd.DataFrame(rows), networks=True)
    assert network.value is None
    assert "does not cross" in network.note


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"scan": "width", "loads": (2.0, 3.0)}, "systems of patterns, at a fixed width"),
        ({"constraint": "sphere", "activation": "softplus(8)", "loads": (2.0,), "patterns": 40}, "leave one of them"),
        ({"constraint": "sphere", "activation": "softplus(8)", "loads": (2.0, -1.0)}, "must be a positive number"),
    ],
)
def test_loads_that_cannot_be(values, words):
    """A sentence each."""
    (problem,) = Jamming.Settings(**values).problems()
    assert words in problem


def test_where_the_mean_margin_falls_through_zero():
    """A straight line between neighbours, whatever seeds lack; nothing where it does not fall through zero."""
    loads = np.array([1.0, 2.0, 4.0])
    margins = np.array([[0.4, 0.1, -0.2], [0.2, 0.1, -0.4], [np.nan, 0.1, np.nan]])
    assert crossing(loads, margins) == pytest.approx(2.5)
    assert np.isnan(crossing(loads, margins + 1))
    assert np.isnan(crossing(loads, margins - 1))


def test_every_estimate_is_a_declared_observable():
    """What analyse estimates is what the protocol says that it observes (of other systems: test_systems.py)."""
    estimates = [PROTOCOL.analyse(SCANS[name], carry_out(SCANS[name])).estimates for name in ("patterns", "width")]
    at_jamming = {
        "critical_margin", "contacts", "contacts_weights", "kinks", "excess_contacts", "quartic_modes", "rattlers",
        "sides_apart", "jammed", "zero_margin_load",
    }  # fmt: skip
    assert set(estimates[0]) | set(estimates[1]) == set(Jamming.observables) - at_jamming
    assert all(o.meaning and o.comparison in ("exact", "horizon", "distribution") for o in Jamming.observables.values())


def test_a_real_trial_records_what_the_table_shows(measure):
    """One measured cell has every column of the table, strict JSON, and the w and margins of its end."""
    settings = Jamming.Settings(seeds=1, width=6, start_ratio=0.8)
    (cell,) = PROTOCOL.plan(settings, [])
    data = load(cell.dataset)
    result = measure(cell, [])
    problem = NumpyBackend().problem(settings.network(), *data.first(cell.coordinates["patterns"]))
    assert np.array_equal(result.arrays["margins"], problem.margins(result.arrays["w"]))
    assert result.values["outcome"] == "satisfied"
    assert result.arrays["margins"].max() <= 0
    table = PROTOCOL.analyse(settings, [FinishedCell(cell=cell, result=result)]).tables["trials"]
    missing = [
        name
        for name in table.columns
        if name not in ("balance", "decline", "slope", "clarke", "resting") and table[name].isna().any()
    ]
    assert missing == []


def test_a_small_search_from_end_to_end(measure):
    """Six seeds of a linear network with real trials: the transition of random labels lies near P/N = 2 (Cover)."""
    settings = Jamming.Settings(
        depth=0, inputs=20, bias=False, normalise=False, labels="random", seeds=6, start_ratio=2.0, highest_ratio=6.0
    )

    done = carry_out(settings, lambda cell: FinishedCell(cell=cell, result=measure(cell, [])))
    findings = PROTOCOL.analyse(settings, done)
    ratio = findings.estimates["critical_ratio"]
    assert ratio.count == 6
    assert abs(ratio.value - 2) < 3 * np.sqrt(2 / 20 / 6)  # P* is the 20th success of fair draws: variance 2N


def test_without_a_minimum_the_jump_says_so():
    """The note about small minima does not take its place."""
    findings = analysis.analyse("patterns", {}, [])
    assert findings.estimates["jump_median"].value is None
    assert "no seed has a minimum" in findings.estimates["jump_median"].note


@EVERY_SCAN
def test_the_outlook_holds_what_is_still_to_come(settings):
    """Searches that are over are counted, and the cells that followed lie between the fewest and the most."""
    done, total = [], len(carry_out(settings))
    while cells := PROTOCOL.plan(settings, done):
        outlook = PROTOCOL.outlook(settings, done)
        assert len(cells) <= outlook.fewest <= total - len(done)
        if outlook.most is not None:
            # Searches without an end yet are taken to be like those that are over, which one may exceed.
            assert total - len(done) <= 1.5 * outlook.most
        done += [trial(cell, RATIOS[cell.coordinates["seed"]]) for cell in cells]
    outlook = PROTOCOL.outlook(settings, done)
    assert (outlook.fewest, outlook.most) == (0, 0)
    searches = settings.seeds * (3 if settings.scan == "width" else 1)
    noun = "searches" if settings.scan == "width" else "seeds"
    assert outlook.words == f"{searches} of {searches} {noun} bracketed"
