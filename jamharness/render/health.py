"""The findings of the doctor."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.doctor import Finding
from jamharness.render.prose import Prose
from jamharness.render.screen import table

_STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "problem": "red"}


def health(findings: Sequence[Finding]) -> RenderableType:
    """A table of findings with what to do about each, and one line to sum up."""
    grid = table("about!", "state!", "found, and what to do")
    for finding in findings:
        text = Text(finding.text)
        if finding.advice:
            text.append(f"\n→ {finding.advice}", style="bold")
        grid.add_row(finding.topic, Text(finding.state, style=_STYLES[finding.state]), text)
    counts = {state: sum(finding.state == state for finding in findings) for state in ("problem", "warning")}
    phrases = [f"{count} {state}{'' if count == 1 else 's'}" for state, count in counts.items() if count]
    return Group(grid, Prose("Found " + " and ".join(phrases) + "." if phrases else "Nothing to do."))
