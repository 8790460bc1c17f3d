"""The rows of a calibration: truth, estimate, interval, covered or not."""

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.render.prose import Prose
from jamharness.render.screen import table
from jamharness.render.texts import duration, number

if TYPE_CHECKING:
    from jamharness.running import ProtocolRun


def rows(part: "ProtocolRun") -> RenderableType:
    """A table of all rows, how many cover the truth and how many should, and what is wrong."""
    grid = table("calibration!", "quantity", "truth>", "estimate>", "95% interval!", "covered!")
    for row in part.findings.tables["rows"].to_dict("records"):
        half = (row["high"] - row["low"]) / 2
        interval = "exact" if row["exact"] else f"{number(row['low'], half)} to {number(row['high'], half)}"
        verdict = Text("yes", style="green") if row["covered"] else Text("no", style="red")
        value = number(row["value"]) if row["exact"] else number(row["value"], half)
        grid.add_row(row["calibration"], row["quantity"], f"{row['truth']:.6g}", value, interval, verdict)
    estimates = part.findings.estimates
    words = {("covered", "rows"): "intervals hold the truth", ("met", "exact"): "exact truths are met"}
    counted = [f"{estimates[name].value:g} of {estimates[of].value:g} {text}" for (name, of), text in words.items()]
    summary = "; ".join(counted)
    lines: list[RenderableType] = [Prose(f"{summary} ({estimates['covered'].note}). {duration(part.seconds)}.")]
    if "coverage" in estimates:
        coverage = estimates["coverage"]
        share, low, high = (f"{100 * float(each or 0):.1f}%" for each in (coverage.value, coverage.low, coverage.high))
        lines.append(Prose(f"Coverage {share} ({low} to {high}): {coverage.note} hold the truth."))
    verdict = Text(part.objection, style="bold red") if part.objection else Text("It reads true.", style="bold green")
    return Group(grid, *lines, Prose(verdict))
