"""What the runs of several seeds say together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import LEAST, PERCENTILES, estimate
from jamharness_systems.p_spin import PSpin
from scipy import stats

from jamharness.api import Cell, Estimate, Findings, FinishedCell, Float64
from jamharness_protocols.ageing.energies import energies, threshold
from jamharness_protocols.ageing.flatness import Flatness, flatness
from jamharness_protocols.ageing.observables import OBSERVABLES
from jamharness_protocols.ageing.seed import Run, measures
from jamharness_protocols.ageing.settings import AgeingSettings

LEVEL = 0.05
"""The p-value below which a system is said to age."""
_NOTES = {
    "t1": "no curve departs from the first by 20%, or the second does: it is no later than the first t_w",
    "t2": "no two last curves of Δ/D agree within 20%",
    "ageing_exponent": "fewer than three overlapping curves between t1 and t2, or no minimum of the spread",
    "collapse_identity": "fewer than two overlapping curves up to t1",
    "collapse_ageing": "no exponent",
    "collapse_uncollapsed": "no exponent",
    "collapse_diffusion": "fewer than two overlapping curves from t2 on, or no D",
    "diffusion_exponent": "no curve spans a decade",
    "loss_slope": "no t1",
    "participation": "nothing has moved",
    "overlap": "w = 0",
    "unsatisfied": "an energy: nothing to satisfy",
    "flat_directions": "not counted, or in doubt (table flat); give flat_steps, or more of them",
    "flat_rise": "not counted, or in doubt (table flat); give flat_steps, or more of them",
    "ageing_slope": "fewer than two moving curves in the last decade of t_w",
    "unexplained_slope": "no D, or fewer than two moving curves in the last decade of t_w",
}
"""Why there is no value, where no seed has one."""


def place(cell: Cell) -> tuple[int, int]:
    """N and the seed of a cell."""
    assert cell.system is not None
    return cell.system.size, int(cell.coordinates["seed"])


def analyse(settings: AgeingSettings, done: Sequence[FinishedCell]) -> Findings:
    """Estimates over the seeds of the largest system; E(t) over all sizes.

    Arguments:
        settings: of the protocol.
        done: finished cells in any order.
    """
    cells = sorted(done, key=lambda item: place(item.cell))
    runs = [Run(item=item, unit=settings.unit) for item in cells if item.result is not None]
    largest = [run for run in runs if run.size == max(each.size for each in runs)]
    flats = [_flatness(run, settings.flat_threshold) for run in largest]
    rows = [measures(run, flat) for run, flat in zip(largest, flats, strict=True)]
    failed = [{"seed": place(item.cell)[1], "reason": item.failure} for item in cells if item.result is None]
    names = [name for name in OBSERVABLES if name in (rows[0] if rows else {})]
    columns = ["seed", "parameters", "patterns", "kept", "at_rest", *names, "reason"]
    estimates, samples = {}, {}
    for name in _NOTES.keys() | {"loss"}:
        sample = {str(row["seed"]): float(row[name]) for row in rows if row[name] is not None}
        estimates[name] = _over_seeds(name, sample, len(rows))
        samples[name] = sample
    ages, probability = verdict(rows)
    estimates |= {"ages": ages, "ages_p": probability}
    tables = {"seeds": pd.DataFrame([*rows, *failed], columns=columns), "curves": _curves(largest)}
    if largest:
        tables["history"] = _history(largest)
    if counted := [flat for flat in flats if flat is not None]:
        tables["flat"] = _flat(largest[0].curves.waiting, counted)
    if isinstance(settings.measured(), PSpin):
        tables["energy"], estimates["energy"] = energies(runs, settings)
        estimates["threshold_energy"], samples["threshold_energy"] = threshold(runs, settings)
    return Findings(
        estimates={name: estimates[name] for name in OBSERVABLES if name in estimates},
        tables=tables,
        arrays=_arrays(largest, estimates["ageing_exponent"].value),
        objection="" if ages.value is not None else f"Whether it ages cannot be said: {ages.note}.",
        samples=samples,
    )


def _over_seeds(name: str, sample: Mapping[str, float], seeds: int) -> Estimate:
    """The mean, or for the two times the median, with how many seeds have no value."""
    median = name in ("t1", "t2")
    values = np.array(list(sample.values()))
    statistic, least = (np.median, PERCENTILES) if median else (np.mean, LEAST)
    average = estimate(values, statistic, none=_NOTES.get(name, "no run"), least=least)
    missing = seeds - len(sample)
    if not sample or not missing:
        return average
    missed = f"{missing} of {seeds} seeds without: {_NOTES.get(name, 'no run')}"
    return replace(average, note="; ".join(filter(None, (average.note, missed))))


def verdict(rows: Sequence[Mapping[str, Any]]) -> tuple[Estimate, Estimate]:
    """Whether older systems move less in the same time, and the p-value of no such dependence."""
    slopes = np.array([row["ageing_slope"] for row in rows if row["ageing_slope"] is not None])
    resting = sum(1 for row in rows if row["ageing_slope"] is None and row["at_rest"])

    def answer(value: float | None, p: float | None, note: str) -> tuple[Estimate, Estimate]:
        return tuple(Estimate(value=v, count=len(rows), note=note) for v in (value, p))  # type: ignore[return-value]

    if rows and resting == len(rows):
        return answer(0.0, None, "does not age: every run has come to rest")
    if len(slopes) < LEAST:
        return answer(None, None, f"{len(slopes)} of {len(rows)} runs move at late waiting times; {LEAST} are needed")
    # Both must fall, Δ and Δ/D: a test of the union of the two hypotheses has the larger p-value.
    p = _falling(slopes)
    left = np.array([row["unexplained_slope"] for row in rows if row["unexplained_slope"] is not None])
    if len(left):
        p = max(p, _falling(left) if len(left) >= LEAST else 1.0)
    note = f"{'ages' if p < LEVEL else 'does not age'}, p = {p:.2g}"
    if resting:
        note += f"; {resting} of {len(rows)} runs have come to rest"
    return answer(float(p < LEVEL), p, note)


def _falling(slopes: Float64) -> float:
    """The p-value of slopes that are not below zero."""
    return float(stats.ttest_1samp(slopes, 0.0, alternative="less").pvalue)


def _curves(runs: Sequence[Run]) -> pd.DataFrame:
    """By waiting time and t: the geometric mean of Δ over seeds, with its error as a factor; other means, and D."""
    rows = []
    for one, wait in enumerate(runs[0].curves.waiting if runs else ()):
        noise = float(np.mean([run.arrays["noise"][one] for run in runs]))
        for other, lag in enumerate(runs[0].curves.lags):
            values = np.array([run.arrays["distance"][one, other] for run in runs])
            if not np.isfinite(values).all():
                continue
            logs = np.log(values[values > 0])
            fourths = np.array([run.arrays["fourth"][one, other] for run in runs])
            parts = values[fourths > 0] ** 2 / fourths[fourths > 0]
            rows.append({
                "waiting": wait, "t": lag, "distance": float(np.exp(logs.mean())) if len(logs) else 0.0,
                "factor": float(np.exp(logs.std(ddof=1) / np.sqrt(len(logs)))) if len(logs) > 1 else None,
                "moving": len(logs), "noise": noise, "fourth": float(fourths.mean()),
                "participation": float(parts.mean()) if len(parts) else None,
                "overlap": float(np.mean([run.arrays["overlap"][one, other] for run in runs])),
            })  # fmt: skip
    columns = "waiting", "t", "distance", "factor", "moving", "noise", "fourth", "participation", "overlap"
    return pd.DataFrame(rows, columns=columns)


def _history(runs: Sequence[Run]) -> pd.DataFrame:
    """The loss along the run, and N_Δ/N where there are constraints: means over seeds, with the error of the loss."""
    losses = np.array([run.loss for run in runs])
    columns = {"t": runs[0].times, "loss": losses.mean(axis=0)}
    columns["error"] = (
        losses.std(axis=0, ddof=1) / np.sqrt(len(runs)) if len(runs) > 1 else np.full(len(columns["t"]), np.nan)
    )
    if runs[0].satisfiable:
        columns["unsatisfied"] = np.mean([np.asarray(run.arrays["unsatisfied"]) / run.size for run in runs], axis=0)
    return pd.DataFrame(columns)


def _flatness(run: Run, part: float) -> Flatness | None:
    """Flat directions of a run, where they were counted."""
    packed = np.asarray(run.arrays.get("curvatures", np.empty(0)))
    return flatness(packed, run.size, part) if packed.size else None


def _flat(waiting: Float64, counted: Sequence[Flatness]) -> pd.DataFrame:
    """Flat and negative directions, the doubt and the largest curvature by waiting time: means over seeds."""
    names = ("flat", "negative", "doubt", "largest")
    means = {name: np.mean([getattr(flat, name) for flat in counted], axis=0) for name in names}
    parts = np.array([flat.flat for flat in counted])
    error = parts.std(axis=0, ddof=1) / np.sqrt(len(parts)) if len(parts) > 1 else np.nan
    return pd.DataFrame({"waiting": waiting, **means, "error": error})


def _arrays(runs: Sequence[Run], exponent: float | None) -> dict[str, Any]:
    """What the figures need."""
    if not runs:
        return {}
    logs = np.array([run.arrays["distance"] for run in runs])
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.exp(np.mean(np.log(logs), axis=0))
    return {
        "waiting": runs[0].curves.waiting,
        "lags": runs[0].curves.lags,
        "distance": mean,
        "noise": np.mean([run.arrays["noise"] for run in runs], axis=0),
        "times": runs[0].times,
        "loss": np.mean([run.loss for run in runs], axis=0),
        "exponent": np.array(np.nan if exponent is None else exponent),
    }
