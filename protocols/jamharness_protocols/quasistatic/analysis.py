"""What the avalanches of several seeds say together."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
from jamharness_numerics.quasistatic import DONE, DrivingStep
from jamharness_numerics.statistics.bootstrap import PERCENTILES, estimate

from jamharness.api import Estimate, Findings, FinishedCell, Float64
from jamharness_protocols.common.approaches import why_none
from jamharness_protocols.common.cells import SHORT
from jamharness_protocols.quasistatic.observables import OBSERVABLES
from jamharness_protocols.quasistatic.settings import TASK

NUMBERS = tuple(item.name for item in fields(DrivingStep))
"""Of each step: ``Findings.arrays`` has those of all seeds together, with ``seeds``."""
_COLUMNS = ("seed", "critical_margin", "contacts", "parameters", "outcome", *OBSERVABLES, "reason", "cell")
_RATIOS: dict[str, Callable[[Float64], float]] = {
    "avalanches": lambda sums: sums[1] / sums[0],
    "size": lambda sums: sums[2] / sums[1],
    "cutoff": lambda sums: sums[3] / sums[2],
    "cutoff_share": lambda sums: sums[4] / sums[2],
    "drop": lambda sums: sums[5] / sums[1],
    "moved": lambda sums: sums[6] / sums[1],
    "last_contacts": lambda sums: sums[7] / sums[0],
}
"""Of the sums over seeds and their steps: seeds, avalanches, S, S², S²/N_Δ, drops, distances; and of the last N_Δ/N."""


def analyse(done: Sequence[FinishedCell]) -> Findings:
    """Estimates over the seeds that were driven to the last step; ratios of sums, resampled by seed.

    Arguments:
        done: finished cells in any order, the approaches among them.
    """
    own = [item for item in done if item.cell.task == TASK]
    cells = sorted(own, key=lambda item: int(item.cell.coordinates["seed"]))
    there = [item for item in cells if item.result is not None and item.result.values["outcome"] == DONE]
    sums = np.array([_sums(item) for item in there]).reshape(-1, 8)
    estimates: dict[str, Estimate] = {}
    samples: dict[str, dict[str, float]] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, ratio in _RATIOS.items():
            estimates[name] = _ratio(sums, ratio)
            values = {
                str(item.cell.coordinates["seed"]): float(ratio(row)) for item, row in zip(there, sums, strict=True)
            }
            samples[name] = {seed: value for seed, value in values.items() if np.isfinite(value)}
    estimates["driven"] = Estimate(value=float(len(there)), count=len(done) - len(own))
    arrays = {name: np.concatenate([np.zeros(0), *(_array(item, name) for item in there)]) for name in NUMBERS}
    seeds = [np.full(len(_array(item, "size")), int(item.cell.coordinates["seed"])) for item in there]
    arrays["seeds"] = np.concatenate([np.zeros(0), *seeds])
    rows = [_row(item, samples) for item in cells]
    objection = why_none(done) if done else ""
    if not objection and cells and not there:
        objection = f"No seed was driven to the last step: {_why(cells[0])}"
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return Findings(estimates=estimates, tables={"seeds": table}, arrays=arrays, objection=objection, samples=samples)


def _array(item: FinishedCell, name: str) -> Float64:
    assert item.result is not None
    return np.asarray(item.result.arrays[name], dtype=np.float64)


def _sums(item: FinishedCell) -> list[float]:
    assert item.result is not None
    values = item.result.values
    sizes, avalanches = _array(item, "size"), _array(item, "avalanche")
    squares = float((sizes**2).sum())
    return [
        1.0, float(avalanches.sum()), float(sizes.sum()), squares,
        squares / max(1, int(values["contacts"])),  # type: ignore[arg-type]
        float(_array(item, "drop").sum()), float(_array(item, "moved").sum()),
        float(_array(item, "contacts")[-1]) / int(values["parameters"]),  # type: ignore[arg-type]
    ]  # fmt: skip


def _ratio(sums: Float64, ratio: Callable[[Float64], float]) -> Estimate:
    """A ratio of sums over seeds; seeds are what is resampled."""

    def of(drawn: Float64) -> float:
        return float(ratio(sums[drawn.astype(int)].sum(axis=0)))

    if not len(sums) or not np.isfinite(ratio(sums.sum(axis=0))):
        note = "no contact was exchanged" if len(sums) else "no seed was driven to the last step"
        return Estimate(value=None, count=len(sums), note=note)
    return estimate(np.arange(len(sums), dtype=np.float64), of, least=PERCENTILES)


def _row(item: FinishedCell, samples: dict[str, dict[str, float]]) -> dict[str, Any]:
    seed = item.cell.coordinates["seed"]
    row: dict[str, Any] = {"seed": seed, "cell": item.key[:SHORT]}
    if item.result is None:
        return row | {"reason": item.failure}
    row |= {name: item.result.values[name] for name in ("critical_margin", "contacts", "parameters", "outcome")}
    return row | {name: sample[str(seed)] for name, sample in samples.items() if str(seed) in sample}


def _why(item: FinishedCell) -> str:
    """Why a seed was not driven."""
    return str(item.failure if item.result is None else item.result.values["outcome"])
