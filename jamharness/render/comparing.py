"""Runs beside each other, as tables."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.api import Estimate
from jamharness.render.prose import Prose
from jamharness.render.screen import table
from jamharness.render.summary import where
from jamharness.render.texts import in_short, number, plural
from jamharness.running.comparing import Comparison
from jamharness.values import as_text

if TYPE_CHECKING:
    from jamharness.running import Run

_BESIDE = 3
"""The most runs of a sweep that stand beside each other."""
_COLUMNS = 3
"""Estimates of each run of a longer one."""


def comparison(compared: Comparison) -> RenderableType:
    """Differing settings, the estimates of all runs, and how far each run's are from those of the first.

    Arguments:
        compared: the comparison.
    """
    parts: list[RenderableType] = [_settings(compared), *_estimates(compared), _differences(compared)]
    parts += [Prose(Text.assemble("Figure ", (file, "bold"))) for file in compared.files]
    return Group(*parts)


def sweep(runs: "Sequence[Run]", compared: Comparison | None) -> RenderableType:
    """The runs of a sweep: their comparison, and what each of them has to say.

    A few stand beside each other with their differences; of many there is a row for each, and ``compare`` has the rest.

    Arguments:
        runs: in order.
        compared: their comparison; None for a single run, or for more than are compared.
    """
    parts: list[RenderableType] = []
    if compared is not None:
        # The beginning that all names share is in the last line, where they can be typed.
        names = [name.split("-") for name in compared.runs]
        shared = len(list(takewhile(lambda each: len({*each}) == 1, zip(*names, strict=False))))
        short = replace(compared, runs=tuple("-".join(name[max(0, shared - 1) :]) for name in names))
        parts.append(comparison(short) if len(runs) <= _BESIDE else _runs_by_rows(short))
    for run in runs:
        for name, part in run.protocols.items():
            if part.objection:
                parts.append(Prose(Text(f"{run.name}, {name}: {part.objection}", style="yellow")))
            if part.cells["failed"]:
                failed = f"{run.name}, {name}: {plural(part.cells['failed'], 'cell')} failed"
                parts.append(Prose(Text(failed, style="red")))
    others = "" if len(runs) == 1 else f" (and {runs[1].name})" if len(runs) == 2 else f" (and {len(runs) - 1} others)"
    if compared is not None and len(runs) > _BESIDE:
        parts.append(Prose(f"Differences: jamharness compare {runs[0].name} {runs[1].name} …"))
    return Group(*parts, Prose(f"More: jamharness show {where(runs[0])}{others}"))


def _runs_by_rows(compared: Comparison) -> RenderableType:
    """A row for each run, with its first estimates that have an interval."""
    shown = [row for row in compared.estimates if any(each and each.low is not None for each in row.estimates)]
    # One quantity may have two names, with the same numbers: twice they tell nothing.
    shown = list({tuple(map(_estimate, row.estimates)): row for row in shown or compared.estimates}.values())[:_COLUMNS]
    grid = table("run!", *(f"{row.name}!" for row in shown))
    for place, name in enumerate(compared.runs):
        grid.add_row(Text(name, style="bold"), *(_estimate(row.estimates[place]) for row in shown))
    return Group(grid, *(Prose(Text.assemble("Figure ", (file, "bold"))) for file in compared.files))


def _settings(compared: Comparison) -> RenderableType:
    if not compared.settings:
        return Prose("The runs were asked for the same.")
    grid = table("differing setting!", *(f"{name}!" for name in compared.runs))
    for row in compared.settings:
        values = ["–" if absent else as_text(value) for value, absent in zip(row.values, row.absent, strict=True)]
        grid.add_row(Text(_path(row.protocol, row.name), style="bold"), *values)
    return grid


def _estimates(compared: Comparison) -> list[RenderableType]:
    """One table for each protocol that two runs have."""
    parts: list[RenderableType] = []
    for protocol in dict.fromkeys(row.protocol for row in compared.estimates):
        rows = [row for row in compared.estimates if row.protocol == protocol]
        having = [name for place, name in enumerate(compared.runs) if any(row.estimates[place] for row in rows)]
        if len(having) < 2:
            parts.append(Prose(f"{protocol}: in {having[0] if having else 'none'} alone."))
            continue
        shown = table(f"{protocol}!", *(f"{name}!" for name in compared.runs))
        for row in rows:
            shown.add_row(Text(row.name, style="bold"), *map(_estimate, row.estimates))
        parts.append(shown)
    return parts


def _estimate(estimate: Estimate | None) -> str:
    return "–" if estimate is None else in_short(estimate)


def _differences(compared: Comparison) -> RenderableType:
    grid = table("difference!", "run!", f"minus {compared.runs[0]}>", "95% interval!", "n>", "compared")
    for row in compared.estimates:
        for name, difference in zip(compared.runs[1:], row.differences, strict=True):
            if difference is None:
                continue
            low, high = difference.interval(0.95)
            error = (high - low) / 2
            value, interval = number(difference.value, error), f"{number(low, error)} to {number(high, error)}"
            style = "bold" if low > 0 or high < 0 else ""
            how = "seed by seed" if difference.paired else "by intervals"
            grid.add_row(
                _path(row.protocol, row.name), name, Text(value, style=style), Text(interval, style=style),
                str(difference.count), how,
            )  # fmt: skip
    if not any(any(row.differences) for row in compared.estimates):
        return Prose(Text("No estimate of these runs can be compared: none has an interval in both.", style="yellow"))
    notes = [Prose("n: samples; where compared seed by seed, the seeds that both have.", 2)]
    return Group(
        grid, *notes if any(each and each.paired for row in compared.estimates for each in row.differences) else []
    )


def _path(protocol: str, name: str) -> str:
    return f"{protocol}.{name}" if protocol else name
