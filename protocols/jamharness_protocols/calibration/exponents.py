"""Power laws whose exponents are known: synthetic samples, and the perceptron at negative margin."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jamharness_numerics.approach import approach
from jamharness_numerics.statistics import fit_power_law
from jamharness_numerics.statistics.finite_size import RANKS, finite_size_exponent
from jamharness_systems.perceptron import Perceptron
from scipy import stats

from jamharness.api import Backend, Float64, Json, QuadraticHinge, generator
from jamharness_protocols.calibration.perceptrons import gaussian
from jamharness_protocols.calibration.rows import (
    Calibration,
    Draw,
    Results,
    Row,
    biased,
    contacts_of,
    exact_row,
    margin_of,
    mean_row,
)

THETA, GAMMA = 0.42311, 0.41269
"""Of small forces and gaps at isostatic jamming in infinite dimension (Charbonneau et al., arXiv 1404.6809)."""
_LOAD = 4.5
"""P/N of the perceptron whose κ_J is near −.5."""


def _synthetic_draws(full: bool) -> list[Draw]:
    return [{"seed": seed, "exponent": x} for x in (THETA, -GAMMA) for seed in range(200 if full else 24)]


def _synthetic(_backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    x = float(draw["exponent"])
    uniform = generator("calibration", "synthetic", draw["seed"], x).random(4000)
    samples = uniform ** (1 / (1 + x))  # density ∝ Δ^x on (0, 1)
    fit = fit_power_law(samples, side="+") if x > 0 else fit_power_law(-samples, side="-")
    return {"exponent": fit.exponent}


def _synthetic_rows(results: Results) -> list[Row]:
    rows = []
    for x, name in ((THETA, "θ"), (-GAMMA, "γ")):
        values = [abs(values["exponent"]) for draw, values in results if draw["exponent"] == x]
        label = f"{name} of 4000 draws from Δ^{x:g}"
        rows.append(mean_row("synthetic", label, abs(x), values, "by construction", results))
    return rows


SYNTHETIC = Calibration(
    name="synthetic", about="exponents of samples drawn from a power law", draws=_synthetic_draws, measure=_synthetic,
    rows=_synthetic_rows,
)  # fmt: skip


def _negative_draws(full: bool) -> list[Draw]:
    counts = {100: 120, 200: 120, 400: 120} if full else {80: 24, 160: 24, 320: 12}
    return [{"seed": seed, "dimension": N} for N, count in counts.items() for seed in range(count)]


def _negative(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    N = draw["dimension"]
    system = Perceptron(dimension=N)
    x, y = gaussian("negative", draw["seed"], round(_LOAD * N), N)
    problem = backend.problem(system, {"x": x, "y": y}, QuadraticHinge(margin=margin_of(draw, -0.2)))
    end = approach(problem, system.initial(draw["seed"]))
    contacts = contacts_of(draw, end.contacts)
    return {
        "excess": int(np.count_nonzero(contacts)) - N, "critical": end.critical, "ending": end.ending,
        "forces": [float(force) for force in end.forces],
        "gaps": [float(gap) for gap in np.sort(end.gaps)[: RANKS[1]]],
    }  # fmt: skip


def _negative_rows(results: Results) -> list[Row]:
    excess = [values["excess"] for _, values in results]
    rows = [
        exact_row(
            "negative", f"N_Δ − N at jamming, α = {_LOAD}, every sample", 0.0, excess, "isostaticity (1501.03397)"
        )
    ]
    largest = max(int(draw["dimension"]) for draw, _ in results)  # type: ignore[arg-type]
    forced = [values["forces"] for draw, values in results if draw["dimension"] == largest]
    groups = np.concatenate([np.full(len(forces), index) for index, forces in enumerate(forced)])
    fit = fit_power_law(np.concatenate([np.asarray(forces) for forces in forced]), side="+", groups=groups)
    label = f"θ of forces, α = {_LOAD}, N = {largest}"
    rows.append(_exponent_row(label, THETA, (fit.exponent, fit.low, fit.high), len(forced), results))
    gaps: dict[int, list[Float64]] = {}
    for draw, values in results:
        gaps.setdefault(int(draw["dimension"]), []).append(np.asarray(values["gaps"]))  # type: ignore[arg-type]
    # At one size their density is cut off by N (docs/calibration.md); how the cut-off moves shows γ.
    if len(gaps) > 1:
        sized = finite_size_exponent(gaps, side="-")
        label = f"γ of gaps, α = {_LOAD}, N = {', '.join(map(str, sized.sizes))}"
        rows.append(_exponent_row(label, GAMMA, (sized.exponent, sized.low, sized.high), len(results), results))
    return rows


def _exponent_row(
    label: str, truth: float, exponent: tuple[float | None, float | None, float | None], count: int, results: Results
) -> Row:
    value, low, high = (
        float("nan") if each is None else float(biased(results, np.array([each]))[0]) for each in exponent
    )
    error = max((high - low) / (2 * 1.96), 1e-12)
    return Row(
        calibration="negative",
        quantity=label,
        truth=truth,
        value=value,
        low=low,
        high=high,
        count=count,
        p=2 * float(stats.norm.sf(abs(value - truth) / error)),
        source="arXiv 1404.6809",
    )


NEGATIVE = Calibration(
    name="negative", about="the perceptron at negative margin: isostatic, with known exponents", draws=_negative_draws,
    measure=_negative, rows=_negative_rows,
)  # fmt: skip
