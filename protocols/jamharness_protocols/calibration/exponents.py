"""Power laws whose exponents are known: synthetic samples, and the perceptron at negative margin."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jamharness_numerics.approach import approach
from jamharness_numerics.statistics import fit_power_law
from jamharness_systems.perceptron import Perceptron
from scipy import stats

from jamharness.api import Backend, Json, QuadraticHinge, generator
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
    N, count = (400, 120) if full else (160, 24)
    return [{"seed": seed, "dimension": N} for seed in range(count)]


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
    }  # fmt: skip


def _negative_rows(results: Results) -> list[Row]:
    excess = [values["excess"] for _, values in results]
    rows = [
        exact_row(
            "negative", f"N_Δ − N at jamming, α = {_LOAD}, every sample", 0.0, excess, "isostaticity (1501.03397)"
        )
    ]
    groups = np.concatenate([np.full(len(values["forces"]), index) for index, (_, values) in enumerate(results)])
    forces = np.concatenate([np.asarray(values["forces"]) for _, values in results])
    # γ of the gaps is left out: at these sizes their density is cut off by N (docs/calibration.md).
    fit = fit_power_law(forces, side="+", groups=groups)
    value, low, high = (
        float("nan") if each is None else float(biased(results, np.array([each]))[0])
        for each in (fit.exponent, fit.low, fit.high)
    )
    error = max((high - low) / (2 * 1.96), 1e-12)
    rows.append(
        Row(
            calibration="negative",
            quantity=f"θ of forces, α = {_LOAD}",
            truth=THETA,
            value=value,
            low=low,
            high=high,
            count=len(results),
            p=2 * float(stats.norm.sf(abs(value - THETA) / error)),
            source="arXiv 1404.6809",
        )
    )
    return rows


NEGATIVE = Calibration(
    name="negative", about="the perceptron at negative margin: isostatic, with known exponents", draws=_negative_draws,
    measure=_negative, rows=_negative_rows,
)  # fmt: skip
