"""Whether advice holds: what ``jamharness advise`` foretells of a task from a tenth of it, and what is measured then.

``python benchmarks/advise.py --mnist FILE --fashion FILE`` (IDX files of pictures, or data sets' names) prints one row
for each task: N* as foretold and as measured on all patterns, whether the interval holds it, the advised networks, and
their test error over the least on a grid of widths and numbers of networks. ``--seconds`` ends it after the
task that is under way; ``--tasks 3`` makes the first three.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import jamharness

DRAWS, NETWORKS = 2, 4
FACTORS = (0.7, 1.0, 1.5, 2.5, 4.0, 8.0)
TESTED = 0.5
"""Of every class, kept for testing: errors are then known to less than what is asked of them."""
HEADS = ("task", "P", "N* foretold", "measured", "held", "advised", "error foretold", "measured", "best on the grid",
         "ratio", "s foretold", "s measured", "minutes")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Task:
    """Two classes of a data set, and how many patterns."""

    name: str
    data: str
    classes: str
    patterns: int


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
    rows = [
        [Task(name=f"{name} {classes}", data=data, classes=classes, patterns=patterns) for classes, patterns in chosen]
        for name, (data, chosen) in own.items()
        if data
    ]
    return [row[place] for place in range(8) for row in rows if place < len(row)]


def measured(run: jamharness.Run, patterns: int) -> tuple[float, str]:
    """N* of all patterns: the geometric mean of the brackets' middles, and as text."""
    table = run.tables["jamming"]["thresholds"]
    low, high = table["weights_unsatisfied"].fillna(1.0), table["weights_satisfied"]
    ends = " ".join(f"{a:.0f}–{b:.0f}" for a, b in zip(low, high, strict=True))
    assert (table["patterns"] == patterns).all()
    return float(np.exp(np.log(low * high).mean() / 2)), ends


def seconds_of(run: jamharness.Run, width: int) -> float:
    """The mean time that a network of one width took."""
    networks = run.tables["generalisation"]["networks"]
    return float(networks.loc[networks["width"] == width, "seconds"].mean())


def judged(task: Task, backend: str, store: str) -> tuple[bool | None, float | None, str]:
    """Whether N* was held, the error of what is advised over the least, and the row in Markdown."""
    began = time.monotonic()
    asked = {"backend": backend, "store": store, "workers": 1, "figures": "none"}
    settings = {"dataset": task.data, "classes": task.classes, "test_fraction": TESTED}
    advice = jamharness.run("advise", settings={**settings, "patterns": task.patterns}, **asked).estimates["advise"]
    critical, width, networks = (advice[name] for name in ("critical_weights", "width", "networks"))
    patterns = int(advice["patterns"].value or task.patterns)
    if critical.value is None or width.value is None or networks.value is None:
        why = critical.note or networks.note
        row = [task.name, str(patterns), f"cannot tell: {why}", *["–"] * 9, f"{(time.monotonic() - began) / 60:.1f}"]
        return None, None, _row(row)
    inputs = int(advice["inputs"].value or 10)
    chosen = sorted({_nearest(factor * critical.value, inputs) for factor in FACTORS} | {int(width.value)})
    shared = {**settings, "inputs": inputs, "seeds": DRAWS}
    run = jamharness.run(
        ["jamming", "generalisation"],
        settings={
            "jamming": {**shared, "scan": "width", "patterns": patterns, "start_ratio": patterns / critical.value},
            "generalisation": {**shared, "patterns": patterns, "widths": chosen, "networks": NETWORKS},
        },
        **asked,
    )
    truth, ends = measured(run, patterns)
    held = bool(critical.low <= truth <= critical.high)
    grid = run.tables["generalisation"]["ensembles"]
    own = grid[(grid["width"] == width.value) & (grid["networks"] == networks.value)]["test_error"].iloc[0]
    best = grid.loc[grid["test_error"].idxmin()]
    ratio = float(own / best["test_error"]) if best["test_error"] else float("nan")
    error, spent = advice["test_error"], advice["seconds"]
    row = [
        task.name, str(patterns), _number(critical), f"{truth:.0f} ({ends})", "yes" if held else "**no**",
        f"{networks.value:g} of width {width.value:g}",
        _number(error, 100, "%"), f"{100 * own:.2f}%",
        f"{100 * best['test_error']:.2f}% ({best['networks']:g} of width {best['width']:g})", f"{ratio:.3f}",
        _number(spent), f"{seconds_of(run, int(width.value)):.2g}", f"{(time.monotonic() - began) / 60:.1f}",
    ]  # fmt: skip
    return held, ratio, _row(row)


def _nearest(weights: float, inputs: int) -> int:
    widths = np.arange(1, 200)
    sizes = inputs * widths + widths**2 + widths
    return int(widths[np.abs(np.log(sizes / weights)).argmin()])


def _number(found: jamharness.api.Estimate, scale: float = 1.0, unit: str = "") -> str:
    if found.value is None:
        return "cannot tell"
    return f"{scale * found.value:.3g}{unit} ({scale * found.low:.3g} to {scale * found.high:.3g})"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def rows(chosen: list[Task], backend: str, store: str, seconds: float) -> Iterator[str]:
    """The table in Markdown, row by row, and what it says in all."""
    began = time.monotonic()
    yield _row(list(HEADS))
    yield "|" + "---|" * len(HEADS)
    judgements = []
    for task in chosen:
        if time.monotonic() - began > seconds:
            break
        held, ratio, row = judged(task, backend, store)
        judgements.append((held, ratio))
        yield row
    told = [(held, ratio) for held, ratio in judgements if held is not None and ratio is not None]
    near = sum(bool(ratio <= 1.05) for _, ratio in told)
    yield ""
    yield (
        f"{len(judgements)} of {len(chosen)} tasks; {len(judgements) - len(told)} cannot be told; of the others the "
        f"interval holds {sum(held for held, _ in told)} of {len(told)}, and {near} of {len(told)} are within 5% of "
        f"the best (median ratio {np.median([ratio for _, ratio in told]):.3f})."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--mnist", default="mnist5k")
    parser.add_argument("--fashion", default="fashion-mnist")
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--store", default="jamharness-store")
    given = parser.parse_args()
    for text in rows(tasks(given.mnist, given.fashion)[: given.tasks], given.backend, given.store, given.seconds):
        print(text, flush=True)
