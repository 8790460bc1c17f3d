"""From finished searches to N*(P): exponents, for the labels of the data and for random ones."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from jamharness_numerics.search import Axis
from jamharness_numerics.statistics.bootstrap import LEAST, few
from jamharness_numerics.statistics.bracketed_line import Posterior, bracketed_power
from jamharness_numerics.statistics.thresholds import Thresholds, mean_threshold

from jamharness.api import Estimate, Findings, FinishedCell, generator
from jamharness_protocols.jamming.analysis import Place, threshold_table, trial_table
from jamharness_protocols.scaling.settings import DATA, RANDOM

SUFFIX = {DATA: "", RANDOM: "_random"}


def analyse(axes: Mapping[str, Mapping[Place, Axis]], done: Mapping[str, Sequence[FinishedCell]]) -> Findings:
    """Everything that the searches say.

    Arguments:
        axes: by kind of labels, the axis of each search.
        done: by kind of labels, finished trials in any order.
    """
    estimates: dict[str, Estimate] = {}
    tables, sizes, slopes, lines, trials = [], [], [], {}, []
    for labels, own in axes.items():
        mine = trial_table(done.get(labels, ()))
        thresholds = threshold_table("width", own, mine)
        exponent, lines[labels] = exponent_of(thresholds)
        estimates[f"scaling_exponent{SUFFIX[labels]}"] = exponent
        sizes.append(_size_table(thresholds).assign(labels=labels))
        local = local_exponents(thresholds)
        estimates[f"local_exponent{SUFFIX[labels]}"] = list(local.values())[-1]
        slopes.append(_slope_table(local).assign(labels=labels))
        tables.append(thresholds.assign(labels=labels))
        trials.append(mine.assign(labels=labels))
    if len(lines) > 1:
        estimates["exponent_gap"] = _gap(lines, estimates)
    counted = [patterns for own in axes.values() for _, patterns in own if patterns]
    decades = float(np.log10(max(counted) / min(counted)))
    estimates["decades"] = Estimate(value=decades, count=len(set(counted)))
    for labels, table in zip(axes, tables, strict=True):
        largest = table[table["patterns"] == table["patterns"].max()]
        estimates[f"critical_weights{SUFFIX[labels]}"] = mean_threshold(weights_of(largest))
    return Findings(
        estimates=estimates,
        tables={
            "sizes": _join_tables(sizes),
            "slopes": _join_tables(slopes),
            "thresholds": _join_tables(tables),
            "trials": _join_tables(trials),
        },
        arrays={f"line {labels}": _band(line, counted) for labels, line in lines.items() if line is not None},
        objection=_objection(estimates, trials),
    )


def weights_of(thresholds: pd.DataFrame) -> Thresholds:
    """N* by seed: above the largest network that stays unsatisfied, below the smallest that satisfies."""
    return Thresholds(
        low=thresholds["weights_unsatisfied"].to_numpy(dtype=float),
        high=thresholds["weights_satisfied"].to_numpy(dtype=float),
        decided=thresholds["decided"].to_numpy(dtype=bool),
        ends=("unsatisfied", "satisfied"),
    )


def line_of(thresholds: pd.DataFrame) -> Posterior | None:
    """Log N* against log P over the largest, from brackets; None where too few are closed.

    A search that no width satisfied has no upper end, and one whose smallest width satisfied has no lower one: both say
    that N* lies beyond, and so do they here.

    Arguments:
        thresholds: one row per search.
    """
    ends = (thresholds[f"weights_{end}"].to_numpy(dtype=float) for end in ("unsatisfied", "satisfied"))
    return bracketed_power(thresholds["patterns"].to_numpy(dtype=float), *ends)


def exponent_of(thresholds: pd.DataFrame) -> tuple[Estimate, Posterior | None]:
    """X of N* ~ P^x with its 95% interval, which knows how wide the brackets are."""
    closed = thresholds[weights_of(thresholds).closed]
    seeds = int(closed["seed"].nunique())
    line = line_of(thresholds) if closed["patterns"].nunique() > 1 else None
    if line is None:
        note = "needs brackets with both ends at two values of P"
        return Estimate(value=None, count=seeds, note=note), None
    slopes = line.coefficients[:, 1]
    low, high = map(float, np.quantile(slopes, [0.025, 0.975]))
    notes = [few(seeds)] if seeds < LEAST else []
    if undecided := int((~thresholds["decided"].astype(bool)).sum()):
        notes.append(f"undecided trials in {undecided} of {len(thresholds)} brackets")
    if left := len(thresholds) - len(closed):
        notes.append(f"{left} of {len(thresholds)} searches have one end only")
    return Estimate(
        value=float(np.median(slopes)),
        low=None if seeds < LEAST else low,
        high=None if seeds < LEAST else high,
        count=seeds,
        note="; ".join(notes),
    ), line


def local_exponents(thresholds: pd.DataFrame) -> dict[tuple[int, int], Estimate]:
    """The same between each two neighbouring values of P, rising: whether N*(P) is a straight line.

    Arguments:
        thresholds: one row per search, at two values of P or more.
    """
    sizes = sorted(int(patterns) for patterns in thresholds["patterns"].unique())
    pairs = pairwise(sizes)
    return {pair: exponent_of(thresholds[thresholds["patterns"].isin(pair)])[0] for pair in pairs}


def _slope_table(local: Mapping[tuple[int, int], Estimate]) -> pd.DataFrame:
    """One row per two neighbouring values of P."""
    rows = [
        {"from": low, "to": high, "exponent": slope.value, "low": slope.low, "high": slope.high, "note": slope.note}
        for (low, high), slope in local.items()
    ]
    return pd.DataFrame(rows, columns=["from", "to", "exponent", "low", "high", "note"])


def _gap(lines: Mapping[str, Posterior | None], estimates: Mapping[str, Estimate]) -> Estimate:
    own, random = lines[DATA], lines[RANDOM]
    count = min(estimates[f"scaling_exponent{suffix}"].count for suffix in SUFFIX.values())
    if own is None or random is None:
        return Estimate(value=None, count=count, note="needs both exponents")
    # Both samplers draw the same random numbers, so that their draws must not be paired as they come.
    shuffled = generator("exponent gap", len(own.sigma)).permutation(own.coefficients[:, 1])
    apart = random.coefficients[:, 1] - shuffled
    low, high = (None, None) if count < LEAST else map(float, np.quantile(apart, [0.025, 0.975]))
    return Estimate(value=float(np.median(apart)), low=low, high=high, count=count, note=few(count))


def _size_table(thresholds: pd.DataFrame) -> pd.DataFrame:
    """One row per P: N* and P/N*, means over seeds with intervals."""
    rows = []
    for patterns, own in thresholds.groupby("patterns"):
        threshold = mean_threshold(weights_of(own))
        ratio = None if threshold.value is None else float(patterns) / threshold.value  # type: ignore[arg-type]
        rows.append({
            "patterns": patterns, "seeds": len(own), "closed": int(weights_of(own).closed.sum()),
            "weights": threshold.value, "low": threshold.low, "high": threshold.high, "ratio": ratio,
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["patterns", "seeds", "closed", "weights", "low", "high", "ratio"])


def _join_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    together = pd.concat(tables, ignore_index=True)
    return together[["labels", *[name for name in together.columns if name != "labels"]]]


def _band(line: Posterior, patterns: Sequence[int]) -> "np.ndarray":
    """P, and N* with its 95% interval there, (k, 4): what a figure draws."""
    at = np.geomspace(min(patterns), max(patterns), 30)
    ends = np.array([np.quantile(line.at(x), [0.5, 0.025, 0.975]) for x in np.log(at / max(patterns))])
    return np.column_stack([at, np.exp(ends)])


def _objection(estimates: Mapping[str, Estimate], trials: Sequence[pd.DataFrame]) -> str:
    missing = [name for name in ("scaling_exponent", "scaling_exponent_random") if name in estimates]
    if not any(estimates[name].value is None for name in missing):
        return ""
    every = _join_tables(trials)
    failed = every[every["outcome"] == "failed"]
    if len(failed):
        return f"{len(failed)} of {len(every)} minimisations failed. The first: {failed['reason'].iloc[0]}"
    if not (every["outcome"] == "satisfied").any():
        return "No network satisfied every pattern: raise the budget or highest_width, or use minimiser=lm."
    return "Fewer than two values of P have N* between two widths: ask for more patterns, or raise the budget."
