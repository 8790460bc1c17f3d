"""The calibration: green with the instrument as it is, red with each fault; its intervals cover as they say."""

import io
from dataclasses import replace

import numpy as np
import pytest
from jamharness_protocols.calibration import dynamics, flows, registry
from jamharness_protocols.calibration.protocol import CalibrationProtocol
from jamharness_protocols.calibration.registry import CALIBRATIONS
from jamharness_protocols.calibration.rows import exact_row, extrapolated_row, fraction_row, mean_row
from scipy.integrate import dblquad
from scipy.linalg import null_space
from scipy.optimize import minimize

PROTOCOL = CalibrationProtocol()
NONE = [({"fault": "none"}, {})]
BIASED = [({"fault": "estimator"}, {})]


FEW = {
    "cusp": [{"seed": seed} for seed in range(12)],
    "linear": [
        {"seed": seed, "load": load, "size": size} for load in (3, 4) for size in (75, 150) for seed in range(3)
    ],
    "spheres": [{"seed": 1, "dimension": 2, "particles": 20}],
}


def measured(carry_out, name):
    """What the draws of a calibration give with the instrument as it is."""
    options = settings(name)
    return [
        ({**draw, "fault": "none"}, values)
        for item in carry_out(PROTOCOL, options)
        for draw, values in zip(item.cell.coordinates["draws"], item.result.values["draws"], strict=True)
    ]


def settings(*names, **more):
    options = PROTOCOL.Settings(names=names, **more)
    assert options.problems() == []
    return options


def analysed(carry_out, *names, **more):
    options = settings(*names, **more)
    return PROTOCOL.analyse(options, carry_out(PROTOCOL, options))


def test_the_instrument_reads_true_where_it_is_quick(carry_out):
    """Counted separators, identities, a known spectrum and samples of a power law."""
    findings = analysed(carry_out, "cover", "identities", "lanczos", "synthetic")
    assert findings.objection == ""
    assert findings.estimates["met"].value == findings.estimates["exact"].value == 3
    assert findings.estimates["covered"].value >= findings.estimates["rows"].value - 1
    for figure in PROTOCOL.draw(findings).values():
        figure.savefig(io.BytesIO(), format="png")


@pytest.mark.parametrize(
    ("fault", "name", "blamed"),
    [
        ("margin", "linear", "Σ Δ²/Σ Δ"),
        ("contact", "spheres", "contacts − (d(N′−1)+1), 2D"),
        ("estimator", "lanczos", "0 of 2 intervals"),
    ],
)
def test_an_instrument_made_wrong_is_caught(carry_out, monkeypatch, fault, name, blamed):
    """κ 2% too large, a contact in fifty lost, or estimates 2% too large: each by what it would spoil, in few draws."""
    draws = FEW.get(name, CALIBRATIONS[name].draws(False))
    few = replace(CALIBRATIONS[name], draws=lambda _full: draws)
    monkeypatch.setitem(registry.CALIBRATIONS, name, few)
    assert all(row.covered for row in few.rows(measured(carry_out, name)) if row.exact)
    findings = analysed(carry_out, name, fault=fault)
    assert findings.objection.startswith("The instrument does not read true: ")
    assert blamed in findings.objection


def test_the_full_calibration_says_how_often_its_intervals_hold_the_truth(carry_out):
    """Of 8 parts of a hundred spectra, two intervals each; hardly ever with estimates that are 2% too large."""
    coverage = analysed(carry_out, "lanczos", full=True).estimates["coverage"]
    assert (coverage.count, coverage.value) == (16, pytest.approx(0.95, abs=0.08))
    assert coverage.low < 0.95 < coverage.high
    assert "coverage" not in analysed(carry_out, "lanczos").estimates
    wrong = analysed(carry_out, "lanczos", full=True, fault="estimator")
    assert wrong.estimates["coverage"].value < 0.5
    assert "of 16 intervals of parts of the draws hold the truth" in wrong.objection


def test_cells_that_are_missing_are_told(carry_out):
    """No row is made of a part of the draws."""
    options = settings("synthetic")
    done = carry_out(PROTOCOL, options)[:-1]
    findings = PROTOCOL.analyse(options, done)
    assert "Without all their draws: synthetic" in findings.objection
    assert len(findings.tables["rows"]) == 0


def test_every_calibration_plans_its_short_and_its_full_draws():
    """Each draw once, whatever the batches; full ones are more, but of equations that are solved and not drawn."""
    for name in CALIBRATIONS:
        counts = []
        for full in (False, True):
            cells = PROTOCOL.plan(settings(name, full=full), [])
            draws = [str(draw) for cell in cells for draw in cell.coordinates["draws"]]
            assert len(set(draws)) == len(draws) == len(CALIBRATIONS[name].draws(full))
            counts.append(len(draws))
        assert counts[0] < counts[1] or name == "equations", name


def coverage(row, repeats=600):
    """The part of many calibrations whose interval holds the truth."""
    draw = np.random.default_rng(0)
    return np.mean([row(draw).covered for _ in range(repeats)])


def test_the_intervals_of_means_hold_the_truth_as_often_as_they_say():
    """Between 92 and 98%, and a bias of 2% is seen where the spread is 2%."""
    assert 0.92 < coverage(lambda draw: mean_row("x", "q", 3.0, 3 + draw.standard_normal(12), "", NONE)) < 0.98
    fraction = coverage(lambda draw: mean_row("x", "q", 3.0, 3 + 0.06 * draw.standard_normal(24), "", BIASED))
    assert fraction < 0.1


def test_the_intervals_of_limits_hold_the_truth_as_often_as_they_say():
    """Values with a correction in 1/N and a spread that falls with N."""
    sizes = np.repeat([50, 100, 200], [24, 16, 8])

    def row(draw, results=NONE):
        values = 1.5 + 2.0 / sizes + draw.standard_normal(len(sizes)) / np.sqrt(sizes)
        return extrapolated_row("x", "q", 1.5, sizes, values, "", results)

    assert 0.92 < coverage(row) < 0.98


def test_the_intervals_of_fractions_hold_the_truth_at_least_as_often_as_they_say():
    """Clopper and Pearson's never fall short."""
    assert coverage(lambda draw: fraction_row("x", "q", 0.3, draw.random(80) < 0.3, "")) > 0.94


def test_what_is_exact_is_the_worst_draw():
    """Met to its tolerance or not."""
    assert exact_row("x", "q", 0.0, [0, 1e-12, -2e-12], "", 1e-11).covered
    row = exact_row("x", "q", 0.0, [0, -1, 0], "")
    assert (row.value, row.covered) == (-1.0, False)


def test_an_unknown_calibration_is_named():
    """With the nearest."""
    (problem,) = PROTOCOL.Settings(names=("coverr",)).problems()
    assert "did you mean 'cover'" in problem


def test_dynamics_are_read_where_they_are_known(carry_out, monkeypatch):
    """Displacements of SGD on a quadratic over a few seeds; a rate that is 20% off would be blamed."""
    few = replace(CALIBRATIONS["quadratic"], draws=lambda _full: [{"seed": seed} for seed in range(10)])
    monkeypatch.setitem(registry.CALIBRATIONS, "quadratic", few)
    results = measured(carry_out, "quadratic")
    rows = few.rows(results)
    assert len(rows) == 4
    assert all(row.p > 1e-3 for row in rows)
    monkeypatch.setattr(dynamics, "RATE", 1.2 * dynamics.RATE)
    assert any(row.p < 1e-3 for row in few.rows(results))


def test_the_equations_of_motion_meet_their_series():
    """E(1/2) of the 3-spin, by two routes that share no code."""
    values = CALIBRATIONS["equations"].measure(None, {"p": 3})
    assert abs(values["series"]) < 1e-6
    assert values["doubt"] < 1e-6


def test_least_squares_meets_its_closed_form_and_an_ensemble_its_part(carry_out, monkeypatch):
    """The values of Hastie et al. at n = 100, σ² = 1/4, |β| = 1; in few draws, and not with a fault."""
    few = replace(CALIBRATIONS["cusp"], draws=lambda _full: FEW["cusp"])
    monkeypatch.setitem(registry.CALIBRATIONS, "cusp", few)
    rows = few.rows(measured(carry_out, "cusp"))
    truths = {row.quantity: row.truth for row in rows}
    for quantity, truth in (("p/n = 0.5", 0.255102), ("p/n = 0.9", 2.5), ("p/n = 1.5", 0.843537)):
        assert truths[f"risk − σ², {quantity}"] == pytest.approx(truth, rel=1e-5)
    assert truths["of the mean of 4, p/n = 0.5"] == pytest.approx(0.255102 / 4, rel=1e-5)
    assert sum(row.covered for row in rows) >= len(rows) - 2
    assert min(row.p for row in rows) > 1e-3
    assert rows[-1].covered


def test_flows_end_where_they_must(carry_out, monkeypatch):
    """From features to the lazy limit; and a target that is 2% off is seen."""
    few = replace(CALIBRATIONS["diagonal"], draws=lambda _full: [{"seed": 3, "scale": a} for a in (0.1, 1.0, 1000.0)])
    monkeypatch.setitem(registry.CALIBRATIONS, "diagonal", few)
    monkeypatch.setattr(flows, "SCALES", (0.1, 1.0, 1000.0))
    assert analysed(carry_out, "diagonal", "flow").objection == ""
    wrong = analysed(carry_out, "diagonal", "flow", fault="margin").objection
    assert "convex program's, a = 1000" in wrong
    assert "linear network less" in wrong
    assert "change of |w_in|²" in analysed(carry_out, "flow", fault="estimator").objection


@pytest.mark.parametrize("scale", [1e-3, 0.1, 10.0])
def test_the_convex_limit_is_a_minimum_that_interpolates(scale):
    """SciPy's constrained minimiser, on the program itself, finds nothing lower nearby."""
    x, targets = flows._regression("test", 0, 4, 7)
    beta = flows.convex_limit(x, targets, scale)
    assert x @ beta == pytest.approx(targets, abs=1e-9)

    def potential(at):
        z = at / scale**2
        return np.sum(2 - np.sqrt(4 + z**2) + z * np.arcsinh(z / 2))

    free = null_space(x)
    least = minimize(lambda c: potential(beta + free @ c), np.zeros(free.shape[1]), method="Nelder-Mead")
    assert least.fun >= potential(beta) * (1 - 1e-9)
    assert np.abs(free @ least.x).max() < 1e-3 * np.abs(beta).max()


def test_the_mean_kernel_is_the_arc_cosine_one(carry_out, monkeypatch):
    """Two patterns at an angle, one width; at an angle of zero and of π by hand."""
    few = replace(CALIBRATIONS["arc_cosine"], draws=lambda _full: [{"seed": seed, "width": 16} for seed in range(300)])
    monkeypatch.setitem(registry.CALIBRATIONS, "arc_cosine", few)
    monkeypatch.setattr(flows, "WIDTHS", (16,))
    row, spread = few.rows(measured(carry_out, "arc_cosine"))
    assert row.p > 1e-3
    assert spread.p > 1e-3
    assert (row.high - row.low) / row.truth < 0.25
    assert flows.arc_cosine(0.0) == pytest.approx(2.0)
    assert flows.arc_cosine(np.pi) == pytest.approx(0.0)
    assert flows.arc_cosine_variance(0.0) == pytest.approx(12.0)


def test_the_variance_of_the_kernel_is_a_plane_integral():
    """⟨T⟩ and ⟨T²⟩ over two correlated Gaussians by SciPy's quadrature, in polar coordinates."""
    angle = 1.0

    def mean(power):
        def term(phi, r):
            z, other = r * np.cos(phi), r * np.cos(phi - angle)
            if z <= 0 or other <= 0:
                return 0.0
            a, b = 2 * z * other, 2 * np.cos(angle)
            value = a + b if power == 1 else a * a + 2 * a * b + 3 * b * b
            return value * r * np.exp(-r * r / 2) / (2 * np.pi)

        return dblquad(term, 0, 12, angle - np.pi / 2, np.pi / 2, epsabs=1e-10)[0]

    assert mean(1) == pytest.approx(flows.arc_cosine(angle), rel=1e-7)
    assert mean(2) - mean(1) ** 2 == pytest.approx(flows.arc_cosine_variance(angle), rel=1e-7)
