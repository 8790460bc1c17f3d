"""The regimes protocol: one flow, an adaptive plan, and an analysis that reads what was put in."""

import numpy as np
import pytest
from jamharness_protocols.regimes.analysis import by_network
from jamharness_protocols.regimes.plane import by_place, crossing_at, jamming_bracket, seeds_of, wanted
from jamharness_protocols.regimes.protocol import Regimes
from jamharness_protocols.regimes.task import alpha_of
from jamharness_systems.parametrised import ParametrisedNetwork

from jamharness.api import CellResult, FinishedCell, generator

PROTOCOL = Regimes()
SMALL = {"widths": (4, 9, 16), "seeds": 4, "patterns": 20, "limit_widths": (16, 64)}


def settings(**more):
    options = PROTOCOL.Settings(**{**SMALL, **more})
    assert options.problems() == []
    return options


def invented(cell):
    """A plane whose laws are the published ones: α* = h^(−1/2), slopes −1 and −4/3, Var ∝ 1/h, jammed below h = 3.

    As in networks, the lazy line bends by the relative size of ‖ΔΘ‖/‖Θ₀‖ itself.
    """
    width, at = cell.system.width, cell.coordinates
    if cell.task == "regimes_together":
        each = [invented(settings().cell(width, at["scale"], seed)) for seed in at["seeds"]]
        return CellResult(
            values={name: [result.values[name] for result in each] for name in each[0].values},
            arrays={
                name: each[0].arrays[name] if name == "labels" else np.array([result.arrays[name] for result in each])
                for name in each[0].arrays
            },
        )
    if cell.task == "lazy_limit":
        outputs = generator("tests", "limit", at["seed"], width).standard_normal(400) / np.sqrt(width)
        values = {"outcome": "satisfied", "unsatisfied": 0, "kernel": 1.0, "error": 0.2}
        return CellResult(values=values, arrays={"outputs": outputs, "labels": np.ones(400, dtype=np.int8)})
    draw = generator("tests", "regimes", at["seed"], width)
    scale = at["scale"] * np.exp(0.05 * draw.standard_normal())
    change = scale**-1.0 * (1 + scale**-1.0) if scale > 1 else 2 * scale ** (-4 / 3)
    outputs = 1 + generator("tests", "outputs", at["seed"], width).standard_normal(400) / np.sqrt(width)
    solved = width >= 3
    return CellResult(
        values={
            "outcome": "satisfied" if solved else "unsatisfied", "unsatisfied": 0 if solved else 4, "time": 3.0,
            "gradients": 100, "steps": 20, "loss": 1e-3, "parameters": cell.system.size, "kernel_change": change,
            "kernel_change_test": change, "displacement": scale**-0.5, "error": 0.2,
            "initial_kernel_error": 0.3, "final_kernel_error": 0.1,
        },
        arrays={"outputs": outputs, "labels": np.ones(400, dtype=np.int8), "w": np.zeros(cell.system.size)},
    )  # fmt: skip


def carried_out(options, result=invented):
    """Planned until nothing is left, a cell never twice."""
    done = []
    while cells := PROTOCOL.plan(options, done):
        assert not any(item.cell in cells for item in done)
        done += [FinishedCell(cell=cell, result=result(cell)) for cell in cells]
    return done


@pytest.fixture(scope="module")
def plane():
    """A whole run over the invented plane."""
    options = settings()
    return options, carried_out(options)


@pytest.fixture(scope="module")
def findings(plane):
    """What is read from it."""
    return PROTOCOL.analyse(*plane)


def test_the_published_laws_are_read_where_they_hold(findings):
    """Each exponent within its interval; the collapse in √h α is better than in α by far."""
    assert findings.objection == ""
    for name, truth, near in (
        ("alpha_star_exponent", -0.5, 0.1), ("kernel_slope_lazy", -1, 0.05), ("kernel_slope_feature", -4 / 3, 0.05),
        ("displacement_slope_lazy", -0.5, 0.03), ("variance_slope_lazy", -1, 0.2), ("variance_slope_feature", -1, 0.2),
        ("variance_slope_limit", -1, 0.1),
    ):  # fmt: skip
        estimate = findings.estimates[name]
        assert estimate.value == pytest.approx(truth, abs=near), name
        assert estimate.low <= estimate.value <= estimate.high
    scaled, unscaled = (findings.estimates[f"collapse_{name}"] for name in ("scaled", "unscaled"))
    assert scaled.high < unscaled.low
    stars = findings.tables["crossover"]
    assert stars["alpha_star"].to_numpy() * np.sqrt(stars["width"].to_numpy()) == pytest.approx(
        (1 + np.sqrt(5)) / 2, rel=0.1
    )


def test_it_bisects_and_does_not_fill_a_grid(plane, findings):
    """α* is bracketed within the resolution, by a few places; the jamming line by neighbouring widths."""
    options, done = plane
    stars = dict(zip(findings.tables["crossover"]["width"], findings.tables["crossover"]["alpha_star"], strict=True))
    by_width = {}
    for item in done:
        if item.cell.task == "regimes":
            by_width.setdefault(item.cell.system.width, set()).add(item.cell.coordinates["scale"])
    for width in options.widths:
        scales = sorted(by_width[width])
        star = stars[width] * np.sqrt(width)
        below, above = max(s for s in scales if s < star), min(s for s in scales if s >= star)
        assert above <= options.resolution * below * 1.01
        assert len(scales) <= len(options.scales) + 4
    jamming = findings.tables["jamming"]
    assert list(jamming["unsatisfied_width"]) == [2, 2]
    assert list(jamming["satisfied_width"]) == [3, 3]
    assert len(by_width[2]) == 2
    assert 1 not in by_width


def test_a_run_that_stops_anywhere_goes_on_to_the_same_places(plane):
    """Whatever the order in which cells finish: the plan is a function of what is done."""
    options, done = plane
    order = np.random.default_rng(1).permutation(len(done))
    for count in (0, 7, 40, len(done) // 2):
        part = [done[place] for place in sorted(order[:count])]
        mixed = list(part)
        np.random.default_rng(2).shuffle(mixed)
        assert PROTOCOL.plan(options, part) == PROTOCOL.plan(options, mixed)
    assert wanted(options, done) == wanted(options, list(reversed(done)))
    limits = len(options.limit_widths)
    assert (len(wanted(options, done)) + limits) * len(seeds_of(options)) == len(done)


def test_places_that_failed_are_left_out_and_lines_unseen_are_said():
    """A failing network takes its place away; where every width is satisfied or lazy there is no line."""
    options = settings(widths=(8, 16), scales=(100.0, 1000.0))
    done = carried_out(options)
    broken = [FinishedCell(cell=done[0].cell, failure="no"), *done[1:]]
    findings = PROTOCOL.analyse(options, broken)
    assert len(findings.tables["places"]) == len(PROTOCOL.analyse(options, done).tables["places"]) - 1
    assert findings.estimates["alpha_star_exponent"].value is None
    assert "bracketed" in findings.estimates["alpha_star_exponent"].note
    assert "No place" in PROTOCOL.analyse(options, []).objection


def test_one_flow_is_the_same_in_every_parametrisation_of_the_last_layer(measure):
    """F at √h α does not depend on whether the last layer has 1/√h or 1/h; what is measured of it neither."""
    measured = {}
    for parametrisation in ("ntk", "mean_field"):
        options = settings(parametrisation=parametrisation, depth=1, tests=40, kernel_tests=20, inputs=4)
        measured[parametrisation] = measure(options.cell(4, 5.0, 1), [])
    first, second = (measured[name].values for name in ("ntk", "mean_field"))
    for name, value in first.items():
        assert second[name] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-8)), name
    assert first["outcome"] == "satisfied"
    assert first["kernel_change"] > 0
    assert 0 < first["error"] < 0.5
    ours = ParametrisedNetwork(width=9)
    assert alpha_of(ours, 6.0) == pytest.approx(2.0)


def test_a_lazy_network_predicts_as_its_kernel(measure):
    """At a large α the kernel stands still, ‖ΔΘ‖ ∝ 1/α, and the initial kernel errs on the same patterns."""
    options = settings(depth=1, tests=60, kernel_tests=60, inputs=4)
    far, near = (measure(options.cell(5, scale, 0), []).values for scale in (1e5, 1e4))
    assert far["kernel_change"] < 1e-3
    assert near["kernel_change"] / far["kernel_change"] == pytest.approx(10, rel=0.05)
    assert far["initial_kernel_error"] == pytest.approx(far["error"], abs=0.02)


def test_flows_side_by_side_are_one_cell_and_give_the_same_findings(plane, findings):
    """Every estimate and table; where such a cell fails, so do all its networks."""
    options, done = plane
    other = settings(side_by_side=True, method="chebyshev")
    together = carried_out(other)
    first, second = findings, PROTOCOL.analyse(other, together)
    assert first.estimates == second.estimates
    assert first.samples == second.samples
    for name, table in first.tables.items():
        assert table.equals(second.tables[name]), name
    assert len(together) == len(wanted(options, done)) + len(options.limit_widths) * options.seeds
    place = next(item for item in together if item.cell.task == "regimes_together")
    lost = by_place([FinishedCell(cell=place.cell, failure="no")])
    assert [item.result for item in next(iter(lost.values())).values()] == [None] * other.seeds


def test_networks_stand_for_independent_samples(plane, findings):
    """The pseudo-values of a mean are its samples; of every slope they scatter as its interval says."""
    options, _ = plane
    values = {"0": 1.0, "1": 4.0, "2": -2.0, "3": 7.0}
    read = np.array(list(values.values()))
    assert by_network(lambda some: float(read[some.astype(int)].mean()), options) == pytest.approx(values)
    for name in ("kernel_slope_lazy", "alpha_star_exponent", "variance_slope_limit"):
        samples, estimate = np.array(list(findings.samples[name].values())), findings.estimates[name]
        spread = samples.std(ddof=1) / np.sqrt(len(samples))
        assert 0.3 < (estimate.high - estimate.low) / (4 * spread) < 3


def test_flows_measured_side_by_side_are_those_measured_alone(measure):
    """With the referee, which evaluates one after the other: each network as alone."""
    values = {"depth": 1, "tests": 40, "kernel_tests": 20, "inputs": 4, "seeds": 2, "method": "chebyshev"}
    options = settings(**values, side_by_side=True)
    together = measure(options.cell_together(4, 5.0), [])
    for lane, seed in enumerate(seeds_of(options)):
        alone = measure(settings(**values).cell(4, 5.0, seed), [])
        for name, value in alone.values.items():
            own = together.values[name][lane]
            assert own == (value if isinstance(value, str) else pytest.approx(value, rel=1e-9)), name
        np.testing.assert_allclose(together.arrays["w"][lane], alone.arrays["w"], rtol=1e-9, atol=1e-12)


def test_the_lazy_limit_is_that_of_flows_at_a_large_scale(measure):
    """The flow of the initial kernel and a network at √h α = 1e6 give the same outputs."""
    options = settings(depth=2, tests=30, kernel_tests=20, inputs=4, patterns=12)
    limit = measure(options.cell_limit(6, 0), [])
    flow = measure(options.cell(6, 1e6, 0), [])
    assert limit.values["outcome"] == flow.values["outcome"] == "satisfied"
    np.testing.assert_allclose(limit.arrays["outputs"], flow.arrays["outputs"], rtol=0.02, atol=0.02)


def test_points_of_comparison_are_networks_that_backends_have_closed_forms_for():
    """Too narrow for the patterns, at most as wide as the grid; none for an activation that is not theirs."""
    (point,) = PROTOCOL.comparison_points(settings(patterns=200))
    assert (point.network.width, point.network.bias, point.patterns) == (3, False, 200)
    assert PROTOCOL.comparison_points(settings(patterns=2000))[0].network.width == 4
    assert PROTOCOL.comparison_points(settings())[0].network.width == 1
    assert PROTOCOL.comparison_points(settings(activation="swish(2)")) == []


def test_lines_between_places():
    """A crossing by a straight line in ln α; a bracket of the largest failing width and the next."""
    assert crossing_at({1.0: 2.0, 100.0: -2.0, 1000.0: -3.0}) == pytest.approx(10)
    assert crossing_at({1.0: -2.0, 100.0: -2.0}) is None
    assert jamming_bracket({1: 0.0, 2: 1.0, 3: 0.4, 8: 1.0}) == (3, 8)
    assert jamming_bracket({4: 1.0}) == (None, 4)
    assert jamming_bracket({4: 0.0}) == (4, None)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"widths": ()}, "widths"),
        ({"scales": (1.0,)}, "at least two"),
        ({"scales": (0.0, 1.0)}, "positive"),
        ({"seeds": 1}, "at least 2"),
        ({"bias": True}, "no biases"),
        ({"dataset": "random"}, "follow no rule"),
        ({"resolution": 1.0}, "larger than 1"),
        ({"patterns": 7}, "even number"),
        ({"activation": "gelu"}, "activation"),
        ({"tolerance": 2.0}, "tolerance"),
        ({"side_by_side": True}, "method=chebyshev"),
        ({"limit_widths": (64, 0)}, "limit_widths"),
    ],
)
def test_what_cannot_be_is_said(values, words):
    """Before anything is computed."""
    (problem,) = PROTOCOL.Settings(**values).problems()
    assert words in problem
