"""From approaches in κ to the load at jamming and the contacts there."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import estimate
from numpy.typing import NDArray

from jamharness.api import Estimate, Findings, FinishedCell, PatternSystem, Spherical
from jamharness_protocols.common.approaches import jammed, why_none
from jamharness_protocols.common.cells import SHORT
from jamharness_protocols.common.problem import system_of
from jamharness_protocols.common.search_settings import APPROACH
from jamharness_protocols.jamming import loads

_ROW = (
    "seed", "outcome", "load", "critical_margin", "margin", "loss", "balance", "contacts", "held", "degrees",
    "isostatic", "kinks", "rattlers", "quartic", "constraints", "weights", "parameters", "minima", "iterations",
    "largest_margin", "largest_margin_balance", "largest_margin_curvature", "largest_margin_contacts",
    "largest_margin_forces", "reason", "cell",
)  # fmt: skip
_FORMULAS: "Mapping[str, Callable[[pd.DataFrame], pd.Series[float]]]" = {
    "critical_load": lambda there: there["load"],
    "critical_margin": lambda there: there["critical_margin"],
    "contacts": lambda there: there["held"] / there["degrees"],
    "contacts_weights": lambda there: there["contacts"] / there["weights"],
    "kinks": lambda there: there["kinks"] / there["degrees"],
    "excess_contacts": lambda there: there["held"] - there["isostatic"],
    "quartic_modes": lambda there: there["quartic"].dropna(),
    "rattlers": lambda there: there["rattlers"],
}


def analyse(done: Sequence[FinishedCell]) -> Findings:
    """Estimates over the seeds that were brought to jamming.

    Arguments:
        done: finished cells in any order.
    """
    table = approach_table(done)
    there = table[table["outcome"] == "jammed"]
    # P/N was given; what was found is κ.
    patterned = any(isinstance(item.cell.system, PatternSystem) for item in done)
    networks = any(isinstance(item.cell.system, Spherical) for item in done)
    estimates: dict[str, Estimate] = {}
    samples: dict[str, Mapping[str, float]] = {}
    tables = {"approaches": table}
    by_load = loads.several(table)
    if by_load:
        estimates["zero_margin_load"] = loads.zero_margin_load(table, networks)
        tables = {"loads": loads.load_table(table), **tables}
    for name, formula in _FORMULAS.items() if not by_load else ():
        values = formula(there)
        if (name == "critical_load" and patterned) or (name == "quartic_modes" and not len(values)):
            continue
        if name in ("contacts_weights", "kinks") and not networks:
            continue
        estimates[name] = estimate(np.asarray(values, dtype=np.float64), np.mean)
        samples[name] = {str(there["seed"][index]): float(value) for index, value in values.items()}  # type: ignore[call-overload]
    both = there.dropna(subset=["largest_margin"])
    if len(both):
        apart = (both["critical_margin"] - both["largest_margin"]).abs().max()
        estimates["sides_apart"] = Estimate(value=float(apart), count=len(both))
    estimates["jammed"] = Estimate(value=float(len(there)), count=len(table))
    return Findings(
        estimates=estimates,
        tables=tables,
        arrays=loads.drawn(tables["loads"]) if by_load else _figure_arrays(jammed(done)),
        objection=why_none(done) if done else "",
        samples=samples,
        answer="loads" if by_load else "",
    )


def approach_table(done: Sequence[FinishedCell]) -> pd.DataFrame:
    """One row per approach, by seed; failed cells are rows with their reason."""
    rows: list[dict[str, Any]] = []
    for item in done:
        if item.cell.task == APPROACH:
            row: dict[str, Any] = {"seed": item.cell.coordinates["seed"], "outcome": "failed", "reason": item.failure}
            row["cell"], row["constraints"] = item.key[:SHORT], item.cell.coordinates.get("patterns")
            rows.append(row if item.result is None else {**row, "reason": "", **item.result.values})
    table = pd.DataFrame(rows, columns=list(_ROW))
    table["quartic"] = pd.to_numeric(table["quartic"])
    return table.sort_values(["seed", "constraints"], kind="stable").reset_index(drop=True)


def _figure_arrays(there: Sequence[FinishedCell]) -> dict[str, NDArray[Any]]:
    """What the figures show: κ, L and N_Δ of every approach on its way, and the first packing in the plane."""
    shown: dict[str, NDArray[Any]] = {}
    for item in there:
        assert item.result is not None
        critical = float(item.result.values["critical_margin"])  # type: ignore[arg-type]
        path = np.array(item.result.arrays["path"], dtype=np.float64)
        path[:, 0] -= critical
        shown[f"path {item.cell.coordinates['seed']}"] = path
    for item in there[:1]:
        system: Any = system_of(item.cell)
        assert item.result is not None
        arrays, values = item.result.arrays, item.result.values
        shapes = None if isinstance(system, PatternSystem) else getattr(system, "shapes", None)
        if shapes is not None:
            drawn = shapes(np.asarray(arrays["w"], dtype=np.float64), float(values["margin"]))  # type: ignore[arg-type]
            bonds = np.stack(system.pairs, axis=1)[arrays["contacts"]]
            shown |= {"shapes": drawn, "bonds": bonds, "forces": arrays["forces"], "backbone": arrays["backbone"]}
    return shown
