"""A verification, as a table."""

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.render.prose import Prose
from jamharness.render.screen import table
from jamharness.render.texts import duration

if TYPE_CHECKING:
    from jamharness.verifying import Verification

_MOST = 20
"""Claims that do not hold are listed up to so many; ``--json`` has all."""


def verification(verified_run: "Verification") -> RenderableType:
    """How much was verified of each kind, what is wrong, what nothing can tell, and the verdict."""
    grid = table("what!", "verified>", "wrong>", "not checked>")
    for kind, (verified, wrong, unchecked) in verified_run.counts().items():
        style = "bold red" if wrong else ""
        grid.add_row(Text(kind, style="bold"), str(verified), Text(str(wrong), style=style), str(unchecked))
    parts: list[RenderableType] = [grid]
    parts += [
        Prose(Text(f"{row.about}: {row.claim} does not hold: {row.numbers}", style="red"))
        for row in verified_run.wrong[:_MOST]
    ]
    if len(verified_run.wrong) > _MOST:
        parts.append(Prose(Text(f"and {len(verified_run.wrong) - _MOST} more; see --json.", style="red")))
    for reason in dict.fromkeys(row.numbers for row in verified_run.unchecked):
        count = sum(row.numbers == reason for row in verified_run.unchecked)
        parts.append(Prose(Text(f"Not checked, {count}: {reason}.", style="yellow")))
    verdict = Text("Not verified.", style="bold red") if verified_run.exit else Text("Verified.", style="bold green")
    times = ", ".join(f"{part} {duration(seconds)}" for part, seconds in verified_run.spent.items())
    parts.append(Prose(Text.assemble(verdict, f" It took for {times}; the run {duration(verified_run.computed)}.")))
    parts.append(Prose(f"Seal of its files: {verified_run.seal}"))
    return Group(*parts)
