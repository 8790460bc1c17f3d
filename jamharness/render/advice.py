"""Advice: each answer in a line, with its reason below."""

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.render.prose import Prose
from jamharness.render.summary import where
from jamharness.render.texts import duration

if TYPE_CHECKING:
    from jamharness.running import ProtocolRun, Run

_COLUMN = 14


def rows_of(part: "ProtocolRun") -> list[dict[str, Any]]:
    """The rows of a protocol's table ``advice``; none where its analysis broke."""
    table = part.findings.tables.get("advice")
    rows: Any = [] if table is None else table.to_dict("records")
    return list(rows)


def advice(run: "Run", protocol: str) -> RenderableType:
    """The rows of a table ``advice`` (``about``, ``answer``, ``why``), what failed, and where the figure is.

    Arguments:
        run: that has made it.
        protocol: whose table it is.
    """
    part = run.protocols[protocol]
    lines: list[RenderableType] = []
    for row in rows_of(part):
        lines.append(Prose(Text.assemble(f" {row['about']:<{_COLUMN - 1}}", (row["answer"], "bold"))))
        lines.append(Prose(Text(row["why"], style="dim"), indent=_COLUMN))
    if part.objection:
        lines.append(Prose(Text(part.objection, style="bold red")))
    if part.failures:
        label, reason = part.failures[0]
        lines.append(Prose(f"{len(part.failures)} cells failed. The first, {label}: {reason}"))
    lines.append(Prose(f"{part.cells['done']} cells done in {duration(part.seconds)}."))
    lines += [Prose(f"Figure {path}") for path in run.files]
    lines.append(Prose(f"More: jamharness show {where(run)}"))
    return Group(*lines)
