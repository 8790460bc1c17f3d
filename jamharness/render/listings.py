"""The lists: plugins, protocols and their settings, data sets, runs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.api import Observable
from jamharness.plugins import PluginRow
from jamharness.render.screen import table
from jamharness.render.texts import duration

if TYPE_CHECKING:
    from jamharness.settings import SettingRow
    from jamharness.store import RunRecord

_STYLES = {"ready": "green", "disabled": "dim", "missing dependency": "yellow", "broken": "red"}
_STATUS = {"finished": "green", "running": "cyan", "interrupted": "yellow", "failed": "red", "unreadable": "red"}


def plugins(rows: Iterable[PluginRow]) -> RenderableType:
    """All plugins: a table, then what each backend can do and why something is not ready."""
    rows = list(rows)
    made = table("kind", "name!", "from", "api!", "state")
    for row in rows:
        home = f"{row.distribution} {row.version}".strip()
        made.add_row(row.kind, row.name, home, row.api, Text(row.state, style=_STYLES[row.state]))
    notes: list[RenderableType] = []
    for row in rows:
        if row.capabilities or row.derived:
            libraries = ", ".join(f"{name} {version}" for name, version in row.versions.items())
            notes.append(_note(row.name, f"({libraries}) " if libraries else "", _abilities(row)))
    notes += [_note(row.name, "", f"{row.state}: {row.reason}") for row in rows if row.reason]
    return Group(made, *notes)


def _abilities(row: PluginRow) -> str:
    """What a backend provides, and what is derived for it: ``jacobian, hessian; derived: descend (one gradient …)``."""
    derived = ", ".join(f"{capability} ({way})" for capability, way in row.derived.items())
    return "; derived: ".join(filter(None, (", ".join(row.capabilities) or "the three required methods", derived)))


def _note(name: str, aside: str, text: str) -> Text:
    return Text.assemble((name, "bold"), ": ", (aside, "dim"), text)


def offers(rows: Iterable[PluginRow], noun: str) -> RenderableType:
    """The protocols or the data sets: name, what it is, and its state unless that is ready."""
    made = table(f"{noun}!", "what it is", "from")
    for row in rows:
        about = row.summary if row.state == "ready" else f"{row.state}: {row.reason}"
        made.add_row(row.name, Text(about, style="" if row.state == "ready" else _STYLES[row.state]), row.distribution)
    return made


def protocol(
    row: PluginRow,
    settings: "Sequence[SettingRow]",
    presets: Mapping[str, Mapping[str, Any]],
    observables: Mapping[str, Observable],
) -> RenderableType:
    """One protocol: its settings with their sources, its presets, and what it estimates."""
    first = table(
        "setting!", "default", "what it means, what it can be, where the default comes from", title="Settings"
    )
    for setting in settings:
        more = "; ".join(part for part in (setting.allowed, setting.source) if part)
        meaning = Text.assemble(setting.help, "\n", (more, "dim"))
        first.add_row(setting.name, setting.default or "(must be given)", meaning)
    second = table("observable", "unit", "meaning and source", "published", title="Observables")
    for name, observable in observables.items():
        second.add_row(name, observable.unit, f"{observable.meaning} [{observable.source}]", observable.published)
    lines: list[RenderableType] = [Text.assemble((row.name, "bold"), f": {row.summary}"), Text(""), first, second]
    for name, values in presets.items():
        given = " ".join(f"{key}={value}" for key, value in values.items())
        lines.append(Text.assemble("Preset ", (name, "bold"), f": {given or 'the defaults'}"))
    return Group(*lines)


def runs(records: "Iterable[RunRecord]") -> RenderableType:
    """The runs of a store."""
    records = list(records)
    if not records:
        return Text("No runs yet; to make one: jamharness run --backend NAME")
    made = table("run", "started", "protocols", "backend", "cells>", "time>", "status")
    for record in records:
        cells = sum(len(keys) for keys in record.cells.values())
        made.add_row(
            record.name,
            record.created.replace("T", " ")[:16],
            ", ".join(record.protocols),
            record.backend,
            str(cells),
            duration(record.seconds),
            Text(record.status, style=_STATUS.get(record.status, "")),
        )
    notes = [_note(record.name, "", record.problem) for record in records if record.problem]
    return Group(made, *notes)
