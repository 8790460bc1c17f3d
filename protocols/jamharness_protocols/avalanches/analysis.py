"""What the changes of the unsatisfied sets of several seeds say together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import estimate

from jamharness.api import Findings, FinishedCell, Float64
from jamharness_protocols.avalanches.observables import OBSERVABLES
from jamharness_protocols.common.cells import SHORT

_COLUMNS = ("seed", "patterns", "weights", "parameters", "updates", "loss", *OBSERVABLES, "reason", "cell")
_HUNDREDTH = 0.01


def analyse(load: float, done: Sequence[FinishedCell]) -> Findings:
    """Estimates over seeds.

    Arguments:
        load: P/N_w, for the objection.
        done: finished cells in any order.
    """
    rows: list[dict[str, Any]] = []
    cells = sorted(done, key=lambda item: int(item.cell.coordinates["seed"]))
    for item in cells:
        at = item.cell.coordinates
        row: dict[str, Any] = {"seed": at["seed"], "patterns": at["patterns"], "cell": item.key[:SHORT]}
        rows.append(row | ({"reason": item.failure} if item.result is None else _measures(item)))
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    estimates, samples = {}, {}
    for name in OBSERVABLES:
        some = table[["seed", name]].dropna()
        estimates[name] = estimate(some[name].to_numpy(dtype=float), np.mean, none="no seed was followed")
        samples[name] = {str(seed): float(value) for seed, value in some.itertuples(index=False)}
    changes = [item.result.arrays for item in cells if item.result is not None]
    arrays = {
        "sizes": np.concatenate([_sizes(each) for each in changes] or [np.zeros(0)]),
        "times": np.concatenate([np.asarray(each["times"]) for each in changes] or [np.zeros(0)]),
    }
    moved = bool(arrays["sizes"].any())
    objection = "" if moved else f"No pattern was learned or forgotten late at load = {load:g}: raise it or budget."
    return Findings(estimates=estimates, tables={"seeds": table}, arrays=arrays, objection=objection, samples=samples)


def _sizes(arrays: Any) -> Float64:
    """Patterns learned and forgotten in each interval of the second half, when the first rush is over."""
    sizes = np.asarray(arrays["learned"] + arrays["forgotten"], dtype=np.float64)
    return sizes[len(sizes) // 2 :]


def _measures(item: FinishedCell) -> dict[str, Any]:
    assert item.result is not None
    values, arrays = item.result.values, item.result.arrays
    patterns = len(arrays["times"])
    late = _sizes(arrays)
    row: dict[str, Any] = {name: values[name] for name in ("weights", "parameters", "updates", "loss")}
    row["unsatisfied"] = float(values["unsatisfied"]) / float(values["parameters"])  # type: ignore[arg-type]
    row["forgotten"] = float(np.mean(arrays["times"]))
    row["ever_forgotten"] = float(np.mean(np.asarray(arrays["times"]) > 0))
    if len(late):
        row["size"] = float(np.mean(arrays["learned"] + arrays["forgotten"]))
        row["largest"] = float(late.max()) / patterns
    if late.any():
        # Half the mean square of successive differences is the variance, but for a rate that changes slowly.
        row["fano"] = float(np.mean(np.diff(late) ** 2) / 2 / late.mean()) if len(late) > 1 else None
        busiest = np.sort(late)[-max(1, round(_HUNDREDTH * len(late))) :]
        row["burst"] = float(busiest.sum() / late.sum())
    return row
