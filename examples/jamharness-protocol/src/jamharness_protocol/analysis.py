"""From draws to a probability with its interval, and to the load where it is one half."""

from math import comb

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from jamharness.api import Estimate, Findings


def separable(patterns, weights):
    """Cover's probability that a linear separator satisfies random patterns: 2^(1−P) Σ_{k<N} C(P−1, k)."""
    return sum(comb(patterns - 1, k) for k in range(weights)) / 2 ** (patterns - 1)


def analyse(network, loads, done):
    """The part of the draws that can be satisfied at each load, and where it falls through one half.

    Arguments:
        network: the network.
        loads: the number of patterns at each load.
        done: finished cells in any order.
    """
    rows = [_row(load, patterns, network, done) for load, patterns in loads.items()]
    table = pd.DataFrame(row for row in rows if row["draws"])
    if table.empty:
        none = Estimate(value=None, count=0)
        return Findings(estimates={"capacity": none}, tables={"loads": table}, objection="No draw was measured.")
    capacity, undecided = _half(table), int(table["undecided"].sum())
    estimates = {
        "capacity": capacity,
        "undecided": Estimate(value=float(undecided), count=capacity.count),
    }
    missing = capacity.value is None
    objection = "At no load do the draws go from mostly satisfied to mostly not: give other loads." if missing else ""
    return Findings(estimates=estimates, tables={"loads": table}, objection=objection)


def _row(load, patterns, network, done):
    """What the draws at one load say: draws without a verdict widen the interval on both sides."""
    mine = [item.result.values["outcome"] for item in done if item.cell.coordinates["load"] == load and item.result]
    satisfied, undecided = mine.count("satisfied"), mine.count("undecided")
    row = {"load": load, "patterns": patterns, "draws": len(mine), "satisfied": satisfied, "undecided": undecided}
    if mine:
        row |= {"part": satisfied / len(mine), "low": _interval(row)[0], "high": _interval(row)[1]}
        row |= {"exact": separable(patterns, network.weights)} if network.depth == 0 else {}
    return row


def _interval(row, level=0.95):
    """Clopper and Pearson's."""
    ends = binomtest(row["satisfied"], row["draws"]), binomtest(row["satisfied"] + row["undecided"], row["draws"])
    return ends[0].proportion_ci(level).low, ends[1].proportion_ci(level).high


def _half(table):
    """Where the part falls through ½, between the loads at which it is shown to be larger and smaller than that."""
    loads, part = table["load"].to_numpy(), table["part"].to_numpy()
    level = 1 - 0.05 / len(loads)  # that all intervals hold at once
    ends = np.array([_interval(row, level) for row in table.to_dict("records")])
    above, below = loads[ends[:, 0] > 0.5], loads[ends[:, 1] < 0.5]
    falls = np.flatnonzero((part[:-1] >= 0.5) & (part[1:] < 0.5))
    value = None
    if len(falls):
        i = falls[0]
        value = float(loads[i] + (part[i] - 0.5) / (part[i] - part[i + 1]) * (loads[i + 1] - loads[i]))
    return Estimate(
        value=value,
        low=float(above.max()) if len(above) else None,
        high=float(below.min()) if len(below) else None,
        count=int(table["draws"].sum()),
        note="between the loads whose part is shown to be above ½ and below it",
    )
