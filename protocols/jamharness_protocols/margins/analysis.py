"""From margins of many networks to θ, γ and γ(2+θ), with intervals over seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import LEAST, estimate, few
from jamharness_numerics.statistics.power_law import PowerLaw, fit_power_law
from jamharness_numerics.statistics.power_law_interval import bootstrap_ends, widened
from jamharness_numerics.statistics.power_law_window import windows

from jamharness.api import Estimate, Findings, FinishedCell, Float64
from jamharness_protocols.common.cells import SHORT
from jamharness_protocols.common.problem import margin_of
from jamharness_protocols.margins.samples import (
    Samples,
    gaps,
    gaps_satisfied,
    minima,
    overlaps,
    overlaps_of,
    satisfied,
)
from jamharness_protocols.margins.settings import MarginsSettings

SIDES = {"theta": "+", "gamma": "-", "gamma_satisfied": "-", "forces": "+", "gaps": "-"}
DRAWN = 2000
"""Resamples for the table of windows, which no estimate comes from."""
DOUBTFUL = 0.05
"""A fit with a smaller p-value is called doubtful in the note of its estimate."""
_FIT = ("name", "exponent", "low", "high", "lower", "upper", "count", "goodness", "slope", "bias", "curved")
_COLUMNS = (
    "seed", "relative", "patterns", "weights", "parameters", "outcome", "unsatisfied", "pinned", "kinked", "loss",
    "certificate", "balance", "seconds", "reason", "cell",
)  # fmt: skip


def analyse(settings: MarginsSettings, done: Sequence[FinishedCell]) -> Findings:
    """Estimates from each seed's minimum at the smallest load, and its satisfied network at the largest.

    Arguments:
        settings: of the run.
        done: finished cells in any order.
    """
    beyond, below = minima(done), satisfied(done)
    first = [items[0] for items in beyond.values()]
    last = [items[0] for items in below.values()]
    samples = {
        "theta": overlaps(first),
        "gamma": gaps(first),
        "gamma_satisfied": gaps_satisfied(last, settings.smallest_gap),
    }
    fits = {name: fit_of(name, some) for name, some in samples.items()}
    estimates = {name: estimate_of(fit, samples[name]) for name, fit in fits.items()}
    estimates["gamma_times_2_plus_theta"] = product_of(fits["theta"], fits["gamma"], len(first))
    for name, fit in fits.items():
        estimates[f"{name}_goodness"] = Estimate(value=fit.goodness, count=fit.count)
    beyond_window = {_seed(item): _bulk(item, fits["gamma"].window[1]) for item in first}
    if fits["gamma"].exponent is None:
        beyond_window = {}
    overlap = {_seed(item): float(np.median(overlaps_of(item))) for item in first}
    estimates["bulk"], estimates["overlap"] = _mean(beyond_window), _mean(overlap)
    for name, items in (("minima", first), ("satisfied", last)):
        estimates[name] = Estimate(value=float(len(items)), count=settings.seeds)
    objection = "" if first else _objection(done)
    return Findings(
        estimates=estimates,
        tables={
            "cells": _cells(done),
            "fits": pd.DataFrame([fit_row(name, fit) for name, fit in fits.items()]),
            "windows": windows_table(samples),
            "loads": _loads(settings, beyond, below),
        },
        arrays={
            f"{name} {part}": getattr(some, part) for name, some in samples.items() for part in ("values", "seeds")
        },
        objection=objection,
        not_applicable=bool(objection and done) and all(item.result is not None for item in done),
        samples={
            "bulk": {str(seed): value for seed, value in beyond_window.items()},
            "overlap": {str(seed): value for seed, value in overlap.items()},
        },
    )


def _objection(done: Sequence[FinishedCell]) -> str:
    """Why no minimum counts, and what to do."""
    outcomes = [str(item.result.values["outcome"]) for item in done if item.result is not None]
    if "diverging" in outcomes:
        return (
            "No seed has a minimum that counts near its threshold: L has none at finite w there; "
            "measure at jamming, with constraint=sphere, or ask for loads far beyond, as relative=2,3."
        )
    if "arrested" in outcomes:
        return (
            "No seed has a minimum that counts near its threshold: its runs are arrested, creeping at no minimum; "
            "measure at jamming, with constraint=sphere."
        )
    small = (
        "; small networks have too few unsatisfied patterns there: use a larger width" if "minimum" in outcomes else ""
    )
    return f"No seed has a minimum that counts near its threshold{small}; or add loads, as relative=1.3."


def fit_of(name: str, some: Samples) -> PowerLaw:
    """The power law of some samples on their side of zero."""
    return fit_power_law(some.values, SIDES[name], groups=some.seeds, lower=some.lower)


def estimate_of(fit: PowerLaw, some: Samples) -> Estimate:
    """A fit's exponent with its interval, and what a reader must know of it."""
    count = len(set(some.seeds.tolist()))
    if fit.exponent is None:
        return Estimate(value=None, count=count, note=f"{fit.count} margins are too few")
    note = f"{fit.count} margins from {fit.window[0]:.2g} to {fit.window[1]:.2g}"
    if count < 2:
        note += "; of one seed, taken as independent"
    elif count < LEAST:
        note += f"; {few(count)}"
    if fit.goodness is not None and fit.goodness < DOUBTFUL:
        note += f"; doubtful, the fit has p = {fit.goodness:.3f}"
    if fit.curved:
        note += "; doubtful, a curvature is plain in the smallest window"
    return Estimate(value=fit.exponent, low=fit.low, high=fit.high, count=count, note=note)


def product_of(theta: PowerLaw, gamma: PowerLaw, count: int) -> Estimate:
    """γ(2 + θ): the same seeds are drawn for both, and the biases that cannot be excluded add up."""
    if theta.exponent is None or gamma.exponent is None:
        return Estimate(value=None, count=count)
    value = gamma.exponent * (2 + theta.exponent)
    if theta.draws is None or gamma.draws is None or count < LEAST:
        return Estimate(value=value, count=count, note=few(count))
    ends = bootstrap_ends(gamma.draws * (2 + theta.draws), count)
    bias = abs(2 + theta.exponent) * gamma.bias + abs(gamma.exponent) * theta.bias
    low, high = widened(ends, bias)
    return Estimate(value=value, low=low, high=high, count=count)


def _bulk(item: FinishedCell, end: float) -> float:
    assert item.result is not None
    margin = margin_of(item.cell)
    return float(np.mean(item.result.arrays["margins"] < -end * margin))


def _mean(by_seed: Mapping[int, float]) -> Estimate:
    values: Float64 = np.array(list(by_seed.values()), dtype=np.float64)
    return estimate(values, np.mean)


def fit_row(name: str, fit: PowerLaw) -> dict[str, Any]:
    """The columns ``_FIT``."""
    row = (name, fit.exponent, fit.low, fit.high, *fit.window, fit.count, fit.goodness, fit.slope, fit.bias, fit.curved)
    return dict(zip(_FIT, row, strict=True))


def windows_table(samples: Mapping[str, Samples]) -> pd.DataFrame:
    """The exponent in every other window that is tried, without the allowance for bias, over ``DRAWN`` resamples."""
    rows = []
    for name, some in samples.items():
        x = some.values if SIDES[name] == "+" else -some.values
        x = np.sort(x[x > some.lower])
        for inside in [*windows(len(x))][::2] if len(x) > 1 else ():
            fit = fit_power_law(
                some.values, SIDES[name], groups=some.seeds, lower=some.lower, upper=float(x[inside]), resamples=DRAWN
            )
            rows.append(fit_row(name, fit))
    return pd.DataFrame(rows, columns=list(_FIT))


def _loads(
    settings: MarginsSettings, beyond: Mapping[int, list[FinishedCell]], below: Mapping[int, list[FinishedCell]]
) -> pd.DataFrame:
    """The exponents load by load: how they change away from the transition."""
    rows = []
    for value in settings.relative:
        at = [item for items in beyond.values() for item in items if item.cell.coordinates["relative"] == value]
        satisfied_at = [
            item for items in below.values() for item in items if item.cell.coordinates["relative"] == value
        ]
        for name, items, some in (
            ("theta", at, overlaps(at)),
            ("gamma", at, gaps(at)),
            ("gamma_satisfied", satisfied_at, gaps_satisfied(satisfied_at, settings.smallest_gap)),
        ):
            if items:
                rows.append({"relative": value, "seeds": len(items), **fit_row(name, fit_of(name, some))})
    return pd.DataFrame(rows)


def _cells(done: Sequence[FinishedCell]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for item in done:
        at = item.cell.coordinates
        row: dict[str, Any] = {"seed": at["seed"], "relative": at["relative"], "patterns": at["patterns"]}
        row["cell"] = item.key[:SHORT]
        if item.result is None:
            row |= {"outcome": "failed", "reason": item.failure}
        else:
            row |= {**item.result.values, **row}
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return table.sort_values(["seed", "relative"], kind="stable").reset_index(drop=True)


def _seed(item: FinishedCell) -> int:
    return int(item.cell.coordinates["seed"])
