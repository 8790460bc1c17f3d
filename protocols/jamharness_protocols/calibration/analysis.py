"""From draws to rows, and from rows to whether the instrument reads true."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from scipy import stats

from jamharness.api import Estimate, Findings, FinishedCell
from jamharness_protocols.calibration.registry import CALIBRATIONS
from jamharness_protocols.calibration.rows import LEVEL, Draw, Results, Row

FAR = 1e-4
"""A truth farther off than one in ten thousand instruments that read true would have it is a fault by itself."""
RARE = 0.01
"""As many rows that do not cover as one in a hundred such instruments would have are one too."""
_COLUMNS = ("calibration", "quantity", "truth", "value", "low", "high", "covered", "count", "p", "exact", "source")


def analyse(planned: Mapping[str, int], done: Sequence[FinishedCell]) -> Findings:
    """All rows that can be made.

    Arguments:
        planned: how many cells each calibration has.
        done: finished cells in any order.
    """
    rows: list[Row] = []
    parts: list[Row] = []
    incomplete: list[str] = []
    for name, cells in planned.items():
        mine = sorted(
            (item for item in done if item.cell.coordinates["calibration"] == name and item.result is not None),
            key=lambda item: int(item.cell.coordinates["batch"]),
        )
        if len(mine) < cells:
            incomplete.append(name)
            continue
        fault = mine[0].cell.coordinates["fault"]
        results = [
            ({**draw, "fault": fault}, values)
            for item in mine
            if item.result is not None
            for draw, values in zip(item.cell.coordinates["draws"], _draws(item), strict=True)
        ]
        rows += CALIBRATIONS[name].rows(results)
        parts += _rows_of_parts(name, results)
    statistical, exact = [row for row in rows if not row.exact], [row for row in rows if row.exact]
    covered, met = sum(row.covered for row in statistical), sum(row.covered for row in exact)
    low, high = (int(stats.binom.ppf(part, len(statistical), LEVEL)) if statistical else 0 for part in (0.025, 0.975))
    expected = f"an instrument that reads true covers {low} to {high} of {len(statistical)}"
    estimates = {
        "rows": _number(len(statistical)),
        "covered": Estimate(value=float(covered), count=len(statistical), note=expected),
        "exact": _number(len(exact)),
        "met": _number(met),
    } | _coverage(parts)
    table = pd.DataFrame([{**asdict(row), "covered": row.covered} for row in rows], columns=list(_COLUMNS))
    return Findings(
        estimates=estimates,
        tables={"rows": table},
        objection=_objection(statistical, exact, covered, parts, incomplete),
    )


def _rows_of_parts(name: str, results: Results) -> list[Row]:
    """Statistical rows of parts of the draws: each as large as the short calibration's, with its share of all kinds."""
    count = len(results) // len(CALIBRATIONS[name].draws(False))
    if count < 2:
        return []
    kinds: dict[str, list[tuple[Draw, Mapping[str, Any]]]] = {}
    for draw, values in results:
        kind = json.dumps({key: value for key, value in draw.items() if key != "seed"}, sort_keys=True)
        kinds.setdefault(kind, []).append((draw, values))
    parts = [[item for mine in kinds.values() for item in mine[part::count]] for part in range(count)]
    return [row for part in parts for row in CALIBRATIONS[name].rows(part) if not row.exact]


def _coverage(parts: Sequence[Row]) -> dict[str, Estimate]:
    """How many of the parts' intervals hold the truth, with Clopper and Pearson's interval; nothing without parts."""
    if not parts:
        return {}
    covered = sum(row.covered for row in parts)
    interval = stats.binomtest(covered, len(parts), LEVEL).proportion_ci(LEVEL, method="exact")
    note = f"{covered} of {len(parts)} intervals of parts as large as the short calibration's draws"
    return {
        "coverage": Estimate(
            value=covered / len(parts), low=float(interval.low), high=float(interval.high), count=len(parts), note=note
        )
    }


def _draws(item: FinishedCell) -> Sequence[Mapping[str, Any]]:
    assert item.result is not None
    draws: Any = item.result.values["draws"]
    return list(draws)


def _number(count: int) -> Estimate:
    return Estimate(value=float(count), count=count)


def _objection(
    statistical: Sequence[Row], exact: Sequence[Row], covered: int, parts: Sequence[Row], incomplete: Sequence[str]
) -> str:
    """Why the instrument cannot be said to read true; empty when it can."""
    wrong = [row for row in exact if not row.covered]
    reasons = [f"{row.quantity} ({row.calibration}) is {row.value:g} and not {row.truth:g}" for row in wrong]
    reasons += [
        f"{row.quantity} ({row.calibration}) is {row.value:.4g} for {row.truth:.4g}, p = {row.p:.0e}"
        for row in statistical
        if not row.p >= FAR
    ]
    if statistical and stats.binom.cdf(covered, len(statistical), LEVEL) < RARE:
        reasons.append(f"only {covered} of {len(statistical)} intervals hold the truth")
    covered_parts = sum(row.covered for row in parts)
    if parts and stats.binom.cdf(covered_parts, len(parts), LEVEL) < RARE:
        reasons.append(f"only {covered_parts} of {len(parts)} intervals of parts of the draws hold the truth")
    objection = f"The instrument does not read true: {'; '.join(reasons)}." if reasons else ""
    if incomplete:
        objection = f"{objection} Without all their draws: {', '.join(incomplete)}.".strip()
    return objection
