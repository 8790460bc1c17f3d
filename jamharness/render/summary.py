"""What a run has found, for the end of ``run`` and for ``show``."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from jamharness.api import Observable, applicable
from jamharness.render.screen import table
from jamharness.render.texts import duration, half_width, interval, number, plural
from jamharness.values import as_text

if TYPE_CHECKING:
    import pandas as pd

    from jamharness.running import ProtocolRun, Run

Observables = Mapping[str, Mapping[str, Observable]]
_ROWS = 5


def summary(run: "Run", observables: Observables) -> RenderableType:
    """The end of a run: estimates, cells, failures, objections, files, and how to see more.

    Arguments:
        run: what to show.
        observables: of each protocol, by name.
    """
    parts: list[RenderableType] = []
    for name, part in run.protocols.items():
        parts += [_estimates(name, part, observables.get(name, {})), *_outcome(part)]
    parts += [Text.assemble("Figure ", (file, "bold")) for file in run.files]
    if len(run.protocols) > 1:
        parts.append(_published(run, observables))
    parts.append(Text(f"More: jamharness show {run.name}"))
    return Group(*parts)


def details(run: "Run", observables: Observables) -> RenderableType:
    """All of a run: settings, estimates, the heads of its tables, files and environment.

    Arguments:
        run: what to show.
        observables: of each protocol, by name.
    """
    parts: list[RenderableType] = [Text.assemble("Run ", (run.name, "bold"), f", {run.status}"), Text("")]
    for name, part in run.protocols.items():
        settings = table(f"setting of {name}!", "value")
        for key, value in part.settings.items():
            settings.add_row(key, as_text(value))
        parts += [settings, _estimates(name, part, observables.get(name, {})), *_outcome(part), Text("")]
        for title, frame in part.findings.tables.items():
            parts += _head(name, title, frame)
        for title, array in part.findings.arrays.items():
            parts.append(Text(f"Array {name}.{title}: {' × '.join(map(str, array.shape))} {array.dtype}"))
    parts += [Text.assemble("Figure ", (file, "bold")) for file in run.files]
    parts += [Text(""), _environment(run.environment), Text(f"To files: jamharness export {run.name}")]
    return Group(*parts)


def _estimates(name: str, part: "ProtocolRun", observables: Mapping[str, Observable]) -> RenderableType:
    made = table(f"{name}!", "value>", "95% interval!", "count>", "unit", "published")
    notes: dict[str, list[str]] = {}
    for key, estimate in part.findings.estimates.items():
        observable = observables.get(key)
        made.add_row(
            Text(key, style="bold"),
            number(estimate.value, half_width(estimate)),
            interval(estimate),
            str(estimate.count),
            observable.unit if observable else "",
            observable.published if observable and applicable(observable, part.settings) else "",
        )
        if estimate.note:
            notes.setdefault(estimate.note, []).append(key)
    lines = [
        Padding(Text.assemble((", ".join(keys), "bold"), f": {note}"), (0, 0, 0, 2), expand=False)
        for note, keys in notes.items()
    ]
    return Group(made, *lines) if part.findings.estimates else Text(f"{name}: no estimates yet.")


def _published(run: "Run", observables: Observables) -> RenderableType:
    """Everything that was measured for which there is a published value, from all protocols."""
    made = table("measured against published", "value>", "95% interval!", "unit", "published")
    for name, part in run.protocols.items():
        for key, estimate in part.findings.estimates.items():
            observable = observables.get(name, {}).get(key)
            if observable is not None and applicable(observable, part.settings):
                value = number(estimate.value, half_width(estimate))
                made.add_row(Text(key, style="bold"), value, interval(estimate), observable.unit, observable.published)
    return made


def _outcome(part: "ProtocolRun") -> list[RenderableType]:
    cells = part.cells
    text = f"{plural(cells['done'], 'cell')} done in {duration(part.seconds)}"
    if cells["reused"]:
        text += f", {cells['reused']} of them from the store"
    lines: list[RenderableType] = [Text(text + ".")]
    if part.failures:
        lines.append(Text(f"{plural(cells['failed'], 'cell')} failed:", style="red"))
        reasons = Counter(reason for _, reason in part.failures)
        first = {reason: label for label, reason in reversed(part.failures)}
        for reason, count in reasons.items():
            label = first[reason] or "a cell"
            where = label if count == 1 else f"{label} and {plural(count - 1, 'other')}"
            lines.append(Padding(Text(f"{where}: {reason}"), (0, 0, 0, 2), expand=False))
    if part.objection:
        lines.append(Text(part.objection, style="yellow"))
    return lines


def _head(protocol: str, title: str, frame: "pd.DataFrame") -> list[RenderableType]:
    shown = f"the first {_ROWS} of " if len(frame) > _ROWS else ""
    named = any(name is not None for name in frame.index.names)
    text = frame.head(_ROWS).to_string(index=named, line_width=78, max_colwidth=24) if len(frame) else "(empty)"
    return [
        Text.assemble("Table ", (f"{protocol}.{title}", "bold"), f", {shown}{plural(len(frame), 'row')}"),
        Padding(Text(text), (0, 0, 1, 2), expand=False),
    ]


def _environment(environment: Mapping[str, Any]) -> RenderableType:
    made = table("environment!", "")
    for key, value in _flat(environment):
        made.add_row(key, as_text(value))
    return made


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return found
