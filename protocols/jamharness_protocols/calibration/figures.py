"""The figure of the calibration protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jamharness.api import Findings

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def distances(rows: "pd.DataFrame") -> "pd.Series[float]":
    """How far each estimate is from its truth in units of half its 95% interval; NaN for rows without interval."""
    half = (rows["high"] - rows["low"]) / 2
    return ((rows["value"] - rows["truth"]) / half.where(half > 0)).astype(float)


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``calibration``: (estimate − truth) in units of half the 95% interval, row by row; inside ±1 is covered."""
    from matplotlib.figure import Figure

    rows = findings.tables["rows"]
    rows = rows[~rows["exact"].astype(bool)] if len(rows) else rows
    if not len(rows):
        return {}
    distance = distances(rows)
    figure = Figure(figsize=(7.0, 0.6 + 0.22 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-1, 1, color="0.5", alpha=0.15)
    axes.axvline(0, color="0.3")
    colours = ["C0" if covered else "C2" for covered in rows["covered"]]
    axes.scatter(distance.clip(-4, 4), range(len(rows)), c=colours, s=12)
    axes.set_yticks(range(len(rows)), [f"{row.calibration}: {row.quantity}" for row in rows.itertuples()])
    axes.invert_yaxis()
    axes.set_xlabel("(estimate − truth) / half the 95% interval")
    return {"calibration": figure}
