"""The lists: plugins, protocols and their settings, data sets, runs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.api import Estimate, Observable
from jamharness.plugins import PluginRow
from jamharness.render.prose import Prose
from jamharness.render.screen import table
from jamharness.render.texts import duration, in_short, plural
from jamharness.values import as_text

if TYPE_CHECKING:
    from jamharness.settings import SettingRow
    from jamharness.store import RunRecord

Recorded = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By protocol and name: value, low, high, count and note of an estimate."""

_STYLES = {"ready": "green", "disabled": "dim", "missing dependency": "yellow", "broken": "red"}
_STATUS = {"finished": "green", "running": "cyan", "interrupted": "yellow", "failed": "red", "unreadable": "red"}


def plugins(rows: Iterable[PluginRow]) -> RenderableType:
    """All plugins: a table, then what each backend can do and why something is not ready."""
    rows = list(rows)
    grid = table("kind", "name!", "from", "api!", "state")
    for row in rows:
        home = f"{row.distribution} {row.version}".strip()
        grid.add_row(row.kind, row.name, home, row.api, Text(row.state, style=_STYLES[row.state]))
    notes: list[RenderableType] = []
    for row in rows:
        if row.capabilities or row.derived:
            libraries = ", ".join(f"{name} {version}" for name, version in row.versions.items())
            notes.append(_note(row.name, f"({libraries}) " if libraries else "", _abilities(row)))
    notes += [_note(row.name, "", f"{row.state}: {row.reason}") for row in rows if row.reason]
    return Group(grid, *notes)


def _abilities(row: PluginRow) -> str:
    """What a backend provides, and what is derived for it: ``jacobian, hessian; derived: descend (one gradient …)``."""
    derived = ", ".join(f"{capability} ({way})" for capability, way in row.derived.items())
    return "; derived: ".join(filter(None, (", ".join(row.capabilities) or "the three required methods", derived)))


def _note(name: str, aside: str, text: str) -> RenderableType:
    return Prose(Text.assemble((name, "bold"), ": ", (aside, "dim"), text), hang=2)


def offers(rows: Iterable[PluginRow], noun: str) -> RenderableType:
    """The protocols or the data sets: name, what it is, and its state unless that is ready."""
    grid = table(f"{noun}!", "what it is", "from")
    for row in rows:
        about = row.summary if row.state == "ready" else f"{row.state}: {row.reason}"
        grid.add_row(row.name, Text(about, style="" if row.state == "ready" else _STYLES[row.state]), row.distribution)
    return grid


def protocol(
    row: PluginRow,
    settings: "Sequence[SettingRow]",
    presets: Mapping[str, Mapping[str, Any]],
    observables: Mapping[str, Observable],
) -> RenderableType:
    """One protocol: its settings with their sources, its presets, and what it estimates."""
    first = _settings(settings)
    second = table("observable!", "unit", "meaning and source", "published", title="Observables")
    for name, observable in observables.items():
        second.add_row(name, observable.unit, f"{observable.meaning} [{observable.source}]", observable.published)
    lines: list[RenderableType] = [_note(row.name, "", row.summary), Text(""), first, second]
    for name, values in presets.items():
        text = " ".join(f"{key}={value}" for key, value in values.items())
        lines.append(_note(f"Preset {name}", "", text or "the defaults"))
    return Group(*lines)


def _settings(settings: "Sequence[SettingRow]") -> RenderableType:
    grid = table("setting!", "default", "meaning; allowed values; source of the default", title="Settings")
    for setting in settings:
        more = "; ".join(part for part in (setting.allowed, setting.source) if part)
        meaning = Text.assemble(setting.help, "\n", (more, "dim"))
        default = setting.default or ("(must be given)" if setting.required else "(none)")
        grid.add_row(setting.name, default, meaning)
    return grid


def system(row: PluginRow, settings: "Sequence[SettingRow]") -> RenderableType:
    """One kind of system and its settings."""
    return Group(_note(row.name, "", row.summary), Text(""), _settings(settings))


def dataset(rows: Mapping[str, str]) -> RenderableType:
    """One data set: what it holds."""
    grid = table("dataset!", rows["name"])
    for key, value in rows.items():
        if key != "name":
            grid.add_row(Text(key, style="bold"), value)
    return grid


def runs(
    records: "Iterable[RunRecord]", changed: Mapping[str, Mapping[str, Any]], estimates: Mapping[str, Recorded]
) -> RenderableType:
    """The runs of a store.

    Arguments:
        records: of the runs.
        changed: by the name of a run, the settings that differ from the defaults.
        estimates: likewise, its estimates as far as they are recorded.
    """
    records = list(records)
    if not records:
        return Prose("No runs yet; to make one: jamharness run --backend NAME")
    grid = table("run!", "status!", "started!", "by", "protocols", "computed", "estimates", "settings")
    for record in records:
        cells = sum(len(keys) for keys in record.cells.values())
        grid.add_row(
            Text(record.name, style="bold"),
            Text(record.status, style=_STATUS.get(record.status, "")),
            record.created.replace("T", " ")[:16],
            owner(record),
            ", ".join(record.protocols),
            f"{record.backend}, {plural(cells, 'cell')}, {duration(record.seconds)}" if record.backend else "",
            "; ".join(
                [
                    *(
                        f"{name} {in_short(each)}"
                        for name, each in key_estimates(estimates.get(record.name, {})).items()
                    ),
                    *([f"claim {record.claim['verdict']}"] if record.claim else []),
                ]
            ),
            " ".join(f"{key}={as_text(value)}" for key, value in changed.get(record.name, {}).items()),
        )
    notes = [_note(record.name, "", record.problem) for record in records if record.problem]
    return Group(grid, *notes)


def owner(record: "RunRecord") -> str:
    """Who computes on which machine, as far as it is recorded."""
    names = (str(record.process[key]) for key in ("user", "host") if record.process.get(key))
    return "@".join(names)


def key_estimates(recorded: Recorded) -> dict[str, Estimate]:
    """Of each protocol, the first estimate that has a value: what the protocol is there for."""
    first_estimates = {}
    for estimates in recorded.values():
        for name, values in estimates.items():
            if values.get("value") is not None:
                first_estimates[name] = Estimate(**values)
                break
    return first_estimates
