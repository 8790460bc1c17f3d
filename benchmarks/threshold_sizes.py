"""How the threshold moves with the size of a network: the brackets of finished runs against N_w, for each depth.

``python benchmarks/threshold_sizes.py RUN … --store DIR --figure FILE`` takes runs of ``jamming`` over patterns, at
d = h. One row for each depth, minimiser and N_w (runs of one size add their seeds; of a seed the hardest satisfied load
counts, and the easiest unsatisfied one beyond it), and for each depth the exponent x of P*/N_w ~ N_w^x with its 95%
interval, by censored regression of log P*/N_w: a seed that was only ever satisfied bounds its threshold from below. The
bend is the change of x over a factor e in N_w, with its interval: below zero the growth slows down.
"""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jamharness_numerics.minimise import BUDGETS
from jamharness_numerics.search import Axis, bracket
from jamharness_numerics.statistics.bracketed_line import bracketed_power
from jamharness_numerics.statistics.proportions import crossover
from jamharness_numerics.statistics.thresholds import Thresholds, mean_threshold
from numpy.typing import NDArray

import jamharness
from jamharness.api import BadInput, Estimate, Float64

Kind = tuple[str, int]
"""The minimiser with its budget, and the depth."""
_WIDEST = 2.0
"""An interval of x that is wider says nothing: P* lies between a constant and N²."""
_ANY = Axis(start=1, lowest=1, highest=10**9, step=1, resolution=1, growth=2.0, harder_up=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class Size:
    """The brackets of the seeds at one N_w, and where half of all single runs are satisfied.

    P*/N_w lies in (low, high), (n,) each, NaN where an end is missing; ``decided``, (n,), whether no undecided run lies
    between.
    """

    weights: int
    width: int
    low: Float64
    high: Float64
    decided: NDArray[np.bool_]
    half: Estimate
    satisfied: int
    runs: int
    hours: float

    @property
    def threshold(self) -> Estimate:
        """The mean over seeds."""
        return mean_threshold(Thresholds(low=self.low, high=self.high, decided=self.decided))

    @property
    def shown(self) -> str:
        """The threshold in words: where no seed has an upper end, what every one of them satisfies."""
        if np.isfinite(self.high).any() or not len(self.low):
            return _shown(self.threshold)
        return f"each above {np.nanmin(self.low):.2f}"


def main() -> None:
    """The table, the exponents and the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--store", default="jamharness-store")
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    try:
        kinds = _trials(arguments.runs, arguments.store)
    except BadInput as wrong:
        parser.error(str(wrong))
    sizes = {kind: _sizes(trials) for kind, trials in sorted(kinds.items())}
    heads = f"{'P*/N_w (95% interval)':24} {'half of runs':24} satisfied  hours of a core"
    print(f"{'minimiser':12} L   h   N_w  seeds  bracketed  {heads}")
    for (minimiser, depth), rows in sizes.items():
        for row in rows:
            closed = int(np.count_nonzero(np.isfinite(row.low) & np.isfinite(row.high)))
            print(
                f"{minimiser:12} {depth} {row.width:3d} {row.weights:5d} {len(row.low):6d} {closed:10d}  "
                f"{row.shown:24} {_shown(row.half):24} "
                f"{f'{row.satisfied} of {row.runs}':>9} {row.hours:16.2f}"
            )
    for (minimiser, depth), rows in sizes.items():
        print(f"{minimiser}, L = {depth}: {_growth(rows)}")
    if arguments.figure:
        _draw(sizes, arguments.figure)


def _trials(names: Sequence[str], store: str) -> dict[Kind, pd.DataFrame]:
    """All minimisations by kind, with the width of each."""
    parts: dict[Kind, list[pd.DataFrame]] = defaultdict(list)
    for name in names:
        run = jamharness.open_run(name, store=store)
        if "jamming" not in run.protocols or "trials" not in run.tables["jamming"]:
            raise BadInput(f"run {name!r} has no trials of jamming; give runs of 'jamharness run jamming'.")
        settings = run.protocols["jamming"].settings
        width, depth = settings["width"], settings["depth"]
        if not isinstance(width, int) or not isinstance(depth, int):
            raise BadInput(f"run {name!r} has layers of several widths; give runs of one.")
        minimiser = str(settings["minimiser"])
        if minimiser != "lm":
            minimiser += f", {settings['budget'] or BUDGETS[minimiser]:.0e}".replace("e+0", "e")
        table = run.tables["jamming"]["trials"]
        parts[minimiser, depth].append(table[table["ratio"].notna()].assign(width=width))
    return {
        kind: pd.concat(tables).drop_duplicates("cell").sort_values(["weights", "seed", "patterns"])
        for kind, tables in parts.items()
    }


def _sizes(trials: pd.DataFrame) -> list[Size]:
    """One for each N_w, seeds with at least one end of a bracket."""
    sizes = []
    for weights in sorted(set(trials["weights"].astype(int))):
        own = trials[trials["weights"] == weights]
        ends = [_ends(own[own["seed"] == seed], weights) for seed in sorted(set(own["seed"]))]
        low, high, decided = np.array([end for end in ends if np.isfinite(end[:2]).any()]).reshape(-1, 3).T
        sizes.append(
            Size(
                weights=weights,
                width=int(own["width"].iloc[0]),
                low=low,
                high=high,
                decided=decided.astype(bool),
                half=crossover(
                    own["ratio"].to_numpy(dtype=np.float64),
                    (own["outcome"] == "satisfied").to_numpy(dtype=bool),
                    own["seed"].to_numpy(dtype=int),
                ).half,
                satisfied=int((own["outcome"] == "satisfied").sum()),
                runs=len(own),
                hours=float(own["seconds"].sum()) / 3600,
            )
        )
    return sizes


def _ends(trials: pd.DataFrame, weights: int) -> tuple[float, float, bool]:
    """A seed's bracket of P*/N_w, and whether it holds no undecided run.

    A load that was tried with two budgets is satisfied where one run was.
    """
    outcomes = dict(zip(trials["patterns"].astype(int), trials["outcome"].astype(str), strict=True))
    outcomes |= dict.fromkeys(trials["patterns"][trials["outcome"] == "satisfied"].astype(int), "satisfied")
    ends = bracket(_ANY, outcomes)
    low, high = (np.nan if end is None else end / weights for end in (ends.satisfied, ends.unsatisfied))
    return low, high, not ends.undecided


def _shown(threshold: Estimate) -> str:
    ends = ["–" if end is None else f"{end:.2f}" for end in (threshold.low, threshold.high)]
    if threshold.value is None:
        sides = [(threshold.low, f"above {ends[0]}"), (threshold.high, f"below {ends[1]}")]
        return next((words for end, words in sides if end is not None), "–")
    return f"{threshold.value:.2f} ({ends[0]} to {ends[1]})"


def _growth(rows: Sequence[Size]) -> str:
    """The exponent over all sizes, and whether it falls with N_w."""
    sizes = np.concatenate([np.full(len(row.low), row.weights, dtype=np.float64) for row in rows])
    low, high = np.concatenate([row.low for row in rows]), np.concatenate([row.high for row in rows])
    line = bracketed_power(sizes, low, high)
    if line is None or not _telling(line.coefficients[:, 1]):
        return "too few brackets for an exponent"
    text = f"x = {_quantiles(line.coefficients[:, 1])}"
    bent = bracketed_power(sizes, low, high, degree=2)
    if bent is not None and _telling(bent.coefficients[:, 1]):
        bend, last = _quantiles(2 * bent.coefficients[:, 2]), _quantiles(bent.coefficients[:, 1])
        text += f"; with a bend, {bend}, x = {last} at the largest N_w"
    return text


def _telling(exponents: Float64) -> bool:
    """Whether their 95% interval is narrower than all that a threshold could do."""
    low, high = np.quantile(exponents, [0.025, 0.975])
    return bool(high - low < _WIDEST)


def _quantiles(draws: Float64) -> str:
    low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975])
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def _draw(sizes: Mapping[Kind, Sequence[Size]], file: Path) -> None:
    """P*/N_w against N_w: means with intervals, and arrows from the load that every seed satisfies where none fails."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for index, ((minimiser, depth), rows) in enumerate(sizes.items()):
        colour = f"C{index}"
        points = [(row.weights, row.threshold, value) for row in rows if (value := row.threshold.value) is not None]
        axes.plot(
            [weights for weights, _, _ in points],
            [value for _, _, value in points],
            "o-" if minimiser == "lm" else "s--",
            color=colour,
            label=f"{minimiser}, L = {depth}",
        )
        for weights, threshold, value in points:
            low, high = (value if end is None else end for end in (threshold.low, threshold.high))
            axes.plot([weights, weights], [low, high], "_-", color=colour)
        for row in rows:
            if len(row.low) and not np.isfinite(row.high).any():
                axes.plot([row.weights], [np.nanmin(row.low)], marker=r"$\uparrow$", markersize=14, color=colour)
    axes.axhline(3, color="0.6", linewidth=0.8, linestyle=":", label="arXiv 1809.09349: Adam, $N_w$ ≈ 8000")
    axes.set(xscale="log", xlabel="$N_w$", ylabel="$P^*/N_w$")
    axes.legend(fontsize=8)
    figure.savefig(file, dpi=150)


if __name__ == "__main__":
    main()
