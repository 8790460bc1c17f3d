"""Whether advice holds: what ``jamharness advise`` foretells of a task from a tenth of it, and what is measured then.

``python benchmarks/advise.py --mnist FILE --fashion FILE`` (IDX files of pictures, or data sets' names) prints one row
for each task: N* as foretold and as measured on all patterns, whether the interval holds it, the advised networks, and
their test error over that of the best on a grid of widths and numbers of networks. The best is picked on two draws of
the patterns, and both are scored on others: the least of some 28 measured errors is partly luck, and its error there
too small.
``--seconds`` ends it after the task that is under way; ``--tasks 3`` makes the first three, ``--skip 12`` leaves out
twelve.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jamharness_numerics.statistics.bootstrap import interval
from jamharness_numerics.statistics.ensembles import ensemble_outputs, errors
from jamharness_protocols.generalisation.cells import place_of
from jamharness_protocols.generalisation.settings import EVALUATION

import jamharness
from jamharness.api import BadInput, FinishedCell, Float64
from jamharness.running import Silent

PICKED, SCORED = 2, 6
"""Draws of the patterns on which the best is picked, and further ones on which it and the advised networks are scored:
these differ in patterns, initial weights and, where the data set is split here, in the test set."""
NETWORKS = 4
FACTORS = (0.5, 1.0, 1.6, 2.5, 4.0, 8.0)
"""N over the measured N* on the grid; the advised width is on it too."""
STEPS = 250
"""Of one minimisation on the grid. Satisfied networks take 50 (median); below N* runs would go on for 1000 or more, and
their means err the same after 250 (docs/advise.md)."""
START = 8.0
"""P/N_w at which the search for N* of all patterns starts: not where advice says that it lies."""
HEADS = ("task", "P", "N* foretold", "measured", "held", "advised", "error foretold", "measured", "of the best",
         "over the best", "s foretold", "s measured", "minutes")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Task:
    """Two classes of a data set, how many patterns, and draws to score on.

    ``tested`` is the part of every class that is kept for testing; None where the data set has a test set of its own.
    """

    name: str
    data: str
    classes: str
    patterns: int
    scored: int = SCORED
    tested: float | None = 0.7


def tasks(mnist: str, fashion: str) -> list[Task]:
    """Pairs and groupings of the classes, the three data sets in turn."""
    halves, odd = "0,1,2,3,4/5,6,7,8,9", "parity"
    own = {
        "digits": ("digits", [(odd, 800), (halves, 800), ("0,1,2,5,6/3,4,7,8,9", 800), ("1,4,7/rest", 500)]),
        "MNIST": (mnist, [("3/5", 1000), (odd, 1000), ("4/9", 1000), (halves, 1000), ("8/rest", 1000), ("7/9", 1000),
                          ("3/8", 1000), ("0,6,8,9/rest", 1000)]),
        "Fashion": (fashion, [("0/6", 1000), (odd, 1000), ("2/4", 1000), ("7/9", 1000), (halves, 1000), ("2/6", 1000),
                              ("5/7", 1000), ("6/rest", 1000)]),
    }  # fmt: skip
    more = {"digits": {"scored": 12, "tested": 0.5}, "Fashion": {"tested": None}}  # few test patterns: more draws
    rows = [
        [
            Task(name=f"{name} {classes}", data=data, classes=classes, patterns=patterns, **more.get(name, {}))
            for classes, patterns in chosen
        ]
        for name, (data, chosen) in own.items()
        if data
    ]
    return [row[place] for place in range(8) for row in rows if place < len(row)]


@dataclass
class Kept(Silent):
    """Keeps the cells of a run as they come."""

    cells: list[FinishedCell] = field(default_factory=list)

    def finished(self, _protocol: str, finished: FinishedCell, _reused: bool, _seconds: float) -> None:
        """Keep what was tested."""
        if finished.cell.task == EVALUATION and finished.result is not None:
            self.cells.append(finished)


def errors_of(cells: list[FinishedCell]) -> dict[tuple[int, int], Float64]:
    """By width and number of networks, the mean error of ensembles of so many, (draws,)."""
    outputs: dict[int, dict[int, list[Float64]]] = {}
    labels: dict[int, Float64] = {}
    for item in cells:
        place = place_of(item.cell)
        assert place is not None
        assert item.result is not None
        draw, _, _, width = place
        outputs.setdefault(width, {}).setdefault(draw, []).append(item.result.arrays["outputs"])
        labels[draw] = item.result.arrays["labels"]
    return {
        (width, size): np.array(
            [
                errors(ensemble_outputs(np.stack(each), size), labels[draw]).mean()
                for draw, each in sorted(draws.items())
            ]
        )
        for width, draws in sorted(outputs.items())
        for size in range(1, NETWORKS + 1)
    }


def measured(run: jamharness.Run, patterns: int) -> tuple[float, str]:
    """N* of all patterns: the geometric mean of the brackets' middles, and as text."""
    table = run.tables["jamming"]["thresholds"]
    low, high = table["weights_unsatisfied"].fillna(1.0), table["weights_satisfied"]
    ends = " ".join(f"{a:.0f}–{b:.0f}" for a, b in zip(low, high, strict=True))
    assert (table["patterns"] == patterns).all()
    return float(np.exp(np.log(low * high).mean() / 2)), ends


def tested(settings: dict[str, Any], asked: dict[str, Any]) -> tuple[dict[tuple[int, int], Float64], dict[int, float]]:
    """The errors of a run of `generalisation`, and by width the mean seconds that a network took."""
    kept = Kept()
    run = jamharness.run("generalisation", settings=settings, observer=kept, **asked)
    return errors_of(kept.cells), run.tables["generalisation"]["networks"].groupby("width")["seconds"].mean().to_dict()


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """The advised networks' error over that of the best, with a 95% interval over draws."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, own: Float64, best: Float64) -> "Ratio":
        """Of errors by draw, (n,) each."""
        places = np.arange(len(own), dtype=np.float64)
        low, high = interval(places, lambda some: float(own[some.astype(int)].sum() / best[some.astype(int)].sum()))
        return cls(value=float(own.sum() / best.sum()), low=low, high=high)


def judged(task: Task, backend: str, store: str, workers: int) -> tuple[bool | None, Ratio | None, str]:
    """Whether N* was held, the error of what is advised over the best, and the row in Markdown."""
    began = time.monotonic()
    options = {"backend": backend, "store": store, "workers": workers, "figures": "none"}
    settings: dict[str, Any] = {"dataset": task.data, "classes": task.classes}
    if task.tested is not None:
        settings["test_fraction"] = task.tested
    advice = jamharness.run("advise", settings={**settings, "patterns": task.patterns}, **options).estimates["advise"]
    critical, width, networks = (advice[name] for name in ("critical_weights", "width", "networks"))
    patterns = int(advice["patterns"].value or task.patterns)
    if critical.value is None or width.value is None or networks.value is None:
        why = critical.note or networks.note
        row = [task.name, str(patterns), f"cannot tell: {why}", *["–"] * 8, _minutes(began)]
        return None, None, _row(row)
    shared = {**settings, "inputs": int(advice["inputs"].value or 10), "patterns": patterns, "seeds": PICKED}
    search = jamharness.run("jamming", settings={**shared, "scan": "width", "start_ratio": START}, **options)
    truth, ends = measured(search, patterns)
    held = bool(critical.low <= truth <= critical.high)
    advised = int(width.value), int(networks.value)
    trained = {**shared, "networks": NETWORKS, "budget": STEPS}
    chosen = sorted({_nearest(factor * truth, shared["inputs"]) for factor in FACTORS} | {advised[0]})
    grid, _ = tested({**trained, "widths": chosen}, options)
    picked = min(grid, key=lambda choice: grid[choice].mean())
    again = {**trained, "widths": sorted({advised[0], picked[0]}), "seed": PICKED, "seeds": task.scored}
    scores, seconds = tested(again, options)
    own, best = scores[advised], scores[picked]
    against = Ratio.of(own, best)
    error, spent = advice["test_error"], advice["seconds"]
    row = [
        task.name, str(patterns), _number(critical), f"{truth:.0f} ({ends})", "yes" if held else "**no**",
        f"{advised[1]} of width {advised[0]}", _number(error, 100, "%"), f"{100 * own.mean():.2f}%",
        f"{100 * best.mean():.2f}% ({picked[1]} of width {picked[0]})",
        f"{against.value:.3f} ({against.low:.3f} to {against.high:.3f})", _number(spent),
        f"{seconds[advised[0]]:.2g}", _minutes(began),
    ]  # fmt: skip
    return held, against, _row(row)


def _minutes(began: float) -> str:
    return f"{(time.monotonic() - began) / 60:.1f}"


def _nearest(weights: float, inputs: int) -> int:
    widths = np.arange(1, 200)
    sizes = inputs * widths + widths**2 + widths
    return int(widths[np.abs(np.log(sizes / weights)).argmin()])


def _number(estimate: jamharness.api.Estimate, scale: float = 1.0, unit: str = "") -> str:
    if estimate.value is None:
        return "cannot tell"
    return f"{scale * estimate.value:.3g}{unit} ({scale * estimate.low:.3g} to {scale * estimate.high:.3g})"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def rows(chosen: list[Task], seconds: float, **asked: Any) -> Iterator[str]:
    """The table in Markdown, row by row, and what it says in all."""
    began = time.monotonic()
    yield _row(list(HEADS))
    yield "|" + "---|" * len(HEADS)
    judgements = []
    for task in chosen:
        if time.monotonic() - began > seconds:
            break
        held, ratio, row = judged(task, **asked)
        judgements.append((held, ratio))
        yield row
    pairs = [(held, against) for held, against in judgements if held is not None and against is not None]
    near = sum(against.value <= 1.05 for _, against in pairs)
    possible = sum(against.low <= 1.05 for _, against in pairs)
    middle = np.median([against.value for _, against in pairs]) if pairs else float("nan")
    yield ""
    yield (
        f"{len(judgements)} of {len(chosen)} tasks; {len(judgements) - len(pairs)} cannot be told; of the others the "
        f"interval holds {sum(held for held, _ in pairs)} of {len(pairs)}, and {near} of {len(pairs)} are within 5% of "
        f"the best (median ratio {middle:.3f}), {possible} as far as the draws tell."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--mnist", default="mnist5k")
    parser.add_argument("--fashion", default="fashion-mnist")
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--store", default="jamharness-store")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    options = {"backend": arguments.backend, "store": arguments.store, "workers": arguments.workers}
    try:
        for text in rows(
            tasks(arguments.mnist, arguments.fashion)[arguments.skip : arguments.tasks], arguments.seconds, **options
        ):
            print(text, flush=True)
    except BadInput as error:
        raise SystemExit(str(error)) from None
