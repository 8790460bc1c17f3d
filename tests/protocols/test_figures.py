"""Figures fit a journal's column: labels do not collide and nothing hangs over the edge."""

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from jamharness_protocols.advise import figures as advise
from jamharness_protocols.ageing import figures as ageing
from jamharness_protocols.avalanches import figures as avalanches
from jamharness_protocols.common.paper import COLOURS, DOUBLE, SINGLE, colours
from jamharness_protocols.generalisation import figures as generalisation
from jamharness_protocols.jamming import figures as jamming
from jamharness_protocols.margins import figures as margins
from jamharness_protocols.regimes import figures as regimes
from jamharness_protocols.scaling import figures as scaling
from jamharness_protocols.spectrum import figures as spectrum
from matplotlib.backends.backend_agg import FigureCanvasAgg

from jamharness.api import Estimate, Findings
from jamharness.running.figures import STYLE

DRAW = np.random.default_rng(3)


def jumps(seeds=3):
    rows = [
        {"seed": seed, "ratio": ratio, "unsatisfied_ratio": max(0.0, ratio - 2), "outcome": outcome}
        for seed in range(seeds)
        for ratio, outcome in ((1.54, "satisfied"), (2.41, "minimum"), (3.0, "minimum"), (1.9, "undecided"))
    ]
    estimate = Estimate(value=2.0, low=1.9, high=2.1, count=seeds)
    return Findings(estimates={"critical_ratio": estimate}, tables={"trials": pd.DataFrame(rows)})


def scaled():
    findings = jumps()
    rows = [
        {"seed": seed, "patterns": patterns, "weights_satisfied": patterns / 2, "weights_unsatisfied": patterns / 3}
        for seed in range(3)
        for patterns in (100, 200, 400, 800)
    ]
    exponent = Estimate(value=1.0, low=0.9, high=1.1, count=3)
    return Findings(
        estimates={**findings.estimates, "scaling_exponent": exponent},
        tables={**findings.tables, "thresholds": pd.DataFrame(rows)},
    )


def spectra(loads):
    arrays = {f"{name} at {load:g}": DRAW.standard_normal(300) ** 5 * 300 for name in ("H", "Hp") for load in loads}
    return Findings(estimates={}, tables={}, arrays=arrays)


def margin_fits(names=("theta", "gamma", "gamma_satisfied"), low=-0.25, high=0.88):
    fit = {"exponent": 0.4, "low": low, "high": high, "lower": 1e-3, "upper": 2.3, "count": 40.0, "slope": 0.2}
    fits = pd.DataFrame([{"name": name, **fit} for name in names])
    windows = pd.DataFrame([
        {"name": name, "exponent": 0.4, "low": low, "high": high, "upper": upper}
        for name in names for upper in (0.9, 4.5, 120.0)
    ])  # fmt: skip
    arrays = {
        f"{name} values": (1 if name in ("theta", "forces") else -1) * 10 ** DRAW.uniform(-3.5, 2.5, 300)
        for name in names
    }
    return Findings(estimates={}, tables={"fits": fits, "windows": windows}, arrays=arrays)


def changes():
    arrays = {"sizes": DRAW.integers(0, 30, 400).astype(float), "times": DRAW.integers(0, 200, 400)}
    return Findings(estimates={}, tables={}, arrays=arrays)


def ages(noise=1e-4):
    waiting, lags = np.geomspace(1, 1000, 8), np.geomspace(1, 1e5, 31)
    arrays = {
        "waiting": waiting, "lags": lags, "distance": lags / (lags + waiting[:, None]), "noise": noise / waiting,
        "times": np.geomspace(0.1, 1e5, 50), "loss": np.geomspace(1, 1e-3, 50), "exponent": np.array(0.84),
    }  # fmt: skip
    pairs = [(wait, lag) for wait in arrays["waiting"] for lag in arrays["lags"]]
    curves = pd.DataFrame(pairs, columns=["waiting", "t"]).assign(overlap=0.9, participation=0.3)
    history = pd.DataFrame({"t": arrays["times"], "loss": arrays["loss"], "unsatisfied": 0.5})
    flat = pd.DataFrame({"waiting": arrays["waiting"], "flat": 0.9, "negative": 0.01, "error": 0.01})
    return Findings(estimates={}, tables={"curves": curves, "history": history, "flat": flat}, arrays=arrays)


def curves(sizes, low=3, high=4000):
    weights = np.geomspace(low, high, 12).round()
    names = ("test_error", "stopped_error", "output", "fluctuation")
    ends = {f"{name}{end}": 0.1 + DRAW.random(12) for name in names for end in ("", "_low", "_high")}
    points = [pd.DataFrame({"patterns": P, "weights": weights, "relative": weights / 80, **ends}) for P in sizes]
    rows = [
        {"patterns": P, "weights": N, "networks": K, "test_error": 0.2 / K, "low": 0.1 / K, "high": None}
        for P in sizes for N in weights for K in range(1, 9)
    ]  # fmt: skip
    return Findings(estimates={}, tables={"points": pd.concat(points), "ensembles": pd.DataFrame(rows)})


def plane(widths=(8, 16, 32, 64), lines=True):
    scales = np.array([1e-2, 1.0, 10.0, 100.0, 1e3])
    rows = [
        {"width": h, "weights": h * h, "scale": s, "alpha": s / np.sqrt(h), "kernel_change": 10 / s,
         "error": 0.2 + 0.1 / h, "ensemble_error": 0.2, "initial_kernel_error": 0.21, "final_kernel_error": 0.18,
         "variance": 1 / h if s > 1 else np.nan}
        for h in widths for s in scales
    ]  # fmt: skip
    star = [{"width": h, "alpha_star": 10 / np.sqrt(h), "low": 5 / np.sqrt(h), "high": np.nan} for h in widths]
    jamming = [
        {"scale": s, "unsatisfied_width": 5 if lines else None, "satisfied_width": 6 if lines else None}
        for s in (1e-2, 1e3)
    ]  # fmt: skip
    crossover = pd.DataFrame(star if lines else [], columns=["width", "alpha_star", "low", "high"])
    tables = {"places": pd.DataFrame(rows), "crossover": crossover, "jamming": pd.DataFrame(jamming)}
    return Findings(estimates={}, tables=tables)


def powers(sizes):
    laws = {"data": (1.5, 0.75), "random": (0.3, 1.0)}
    rows = [
        {"labels": labels, "patterns": P, "weights": a * P**x, "low": 0.8 * a * P**x, "high": None}
        for labels, (a, x) in laws.items() for P in sizes
    ]  # fmt: skip
    at = np.geomspace(min(sizes), max(sizes), 30)
    lines = {f"line {labels}": np.column_stack([at, *[f * a * at**x for f in (1, 0.9, 1.1)]])
             for labels, (a, x) in laws.items()}  # fmt: skip
    exponent = Estimate(value=0.75, low=0.7, high=0.8, count=3)
    names = ("scaling_exponent", "scaling_exponent_random")
    return Findings(estimates=dict.fromkeys(names, exponent), tables={"sizes": pd.DataFrame(rows)}, arrays=lines)


def foretold(largest, error):
    sizes = [largest // 8, largest // 4, largest // 2, largest]
    brackets = pd.DataFrame([{"patterns": P, "low": P**0.7, "high": 1.4 * P**0.7} for P in sizes])
    errors = pd.DataFrame([
        {"patterns": P, "factor": factor, "networks": K, "test_error": error * P**-0.3 / K**0.2}
        for P in sizes for factor in (2.0, 8.0) for K in range(1, 5)
    ])  # fmt: skip
    at = np.geomspace(sizes[0], 10 * largest, 40)
    values = {"patterns": 10.0 * largest, "networks": 4.0, "weights": 4 * largest**0.7}
    estimates = {name: Estimate(value=value, count=6) for name, value in values.items()}
    bands = {}
    for name, estimate, law in (
        ("threshold", "critical_weights", at**0.7), ("error", "test_error", error * at**-0.3),
    ):  # fmt: skip
        estimates[estimate] = Estimate(value=law[-1], low=0.6 * law[-1], high=1.6 * law[-1], count=6)
        bands[name] = np.column_stack([at, law, 0.6 * law, 1.6 * law])
    return Findings(estimates=estimates, tables={"brackets": brackets, "errors": errors}, arrays=bands)


def two_runs():
    return jamming.draw_comparison({"jamming-66a5c2-width-3": jumps(), "jamming-66a5c2-width-4": jumps(12)})


CASES = {
    "jump": lambda: jamming.draw(jumps()),
    "jump of many": lambda: jamming.draw(jumps(12)),
    "scaling": lambda: jamming.draw(scaled()),
    "comparison": two_runs,
    "one spectrum": lambda: spectrum.draw(spectra([1.4])),
    "two spectra": lambda: spectrum.draw(spectra([0.7, 1.4])),
    "four spectra": lambda: spectrum.draw(spectra([0.7, 1.0, 1.2, 1.4])),
    "margins": lambda: margins.draw(margin_fits()),
    "margins of one kind": lambda: margins.draw(margin_fits(("gamma",))),
    "margins at jamming": lambda: margins.draw(margin_fits(("forces", "gaps"))),
    "margins of two seeds": lambda: margins.draw(margin_fits(("forces", "gaps"), None, None)),
    "avalanches": lambda: avalanches.draw(changes()),
    "ageing": lambda: ageing.draw(ages()),
    "ageing without noise": lambda: ageing.draw(ages(np.nan)),
    "ageing of two": lambda: ageing.draw_comparison({"network": ages(), "glass": ages(np.nan)}),
    "regimes": lambda: regimes.draw(plane()),
    "regimes without lines": lambda: regimes.draw(plane((8, 16), lines=False)),
    "generalisation": lambda: generalisation.draw(curves([1000])),
    "generalisation at three P": lambda: generalisation.draw(curves([1000, 3000, 10_000])),
    "scaling beside random labels": lambda: scaling.draw(powers([100, 200, 400, 800, 1600, 3200])),
    "scaling of two sizes": lambda: scaling.draw(powers([100, 200])),
    "advice": lambda: advise.draw(foretold(142, 0.5)),
    "advice of larger errors": lambda: advise.draw(foretold(1000, 2.0)),
    "generalisation within a decade": lambda: generalisation.draw(curves([500], 40, 300)),
}


def shown(axis, canvas):
    """The boxes of an axis's tick labels, those of minor ticks among them."""
    low, high = sorted(axis.get_view_interval())
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    labels = [tick.label1 for tick in ticks if low <= tick.get_loc() <= high]
    drawn = [label for label in labels if label.get_visible() and label.get_text()]
    return [label.get_window_extent(canvas.get_renderer()) for label in drawn]


@pytest.mark.parametrize("name", CASES)
def test_a_figure_fits_its_column(name):
    """One column or two wide; no title; tick labels apart, axis labels apart and within the figure."""
    with mpl.rc_context(STYLE):
        figures = CASES[name]()
        assert figures
        for figure in figures.values():
            assert figure.get_size_inches()[0] in (SINGLE, DOUBLE)
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            whole = figure.bbox
            labels = []
            for axes in figure.axes:
                assert axes.get_title() == ""
                for axis in (axes.xaxis, axes.yaxis):
                    boxes = shown(axis, canvas)
                    assert not any(one.overlaps(two) for one, two in combinations(boxes, 2)), axis
                    labels.append(axis.label.get_window_extent(canvas.get_renderer()))
            for box in [label for label in labels if label.width and label.height]:
                assert whole.x0 <= box.x0 < box.x1 <= whole.x1
                assert whole.y0 <= box.y0 < box.y1 <= whole.y1
            assert not any(one.overlaps(two) for one, two in combinations([box for box in labels if box.width], 2))


def test_seeds_are_told_apart():
    """By colour up to ten, beyond by how dense the points are."""
    few, many = colours(range(4)), colours(range(40))
    assert len({colour for colour, _ in few.values()}) == 4
    assert {opacity for _, opacity in many.values()} == {0.15}
    assert len({colour for colour, _ in many.values()}) == 1
    (axes,) = jamming.draw(jumps(3))["jump"].axes
    drawn = {line.get_color() for line in axes.get_lines() if len(line.get_xdata()) and line.get_marker() == "s"}
    assert drawn == {"C0", "C1", "C2"}
    assert len(colours(range(COLOURS))) == len(set(colours(range(COLOURS)).values()))
