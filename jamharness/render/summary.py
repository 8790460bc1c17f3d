"""What a run has found, for the end of ``run`` and for ``show``."""

import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.api import Observable, applicable
from jamharness.render.claims import tested
from jamharness.render.frames import answer, head
from jamharness.render.prose import Prose
from jamharness.render.screen import table
from jamharness.render.texts import duration, half_width, interval, number, plural
from jamharness.render.verdicts import STYLES
from jamharness.store.folder import DEFAULT
from jamharness.values import as_text

if TYPE_CHECKING:
    from jamharness.running import ProtocolRun, Run

Observables = Mapping[str, Mapping[str, Observable]]


def where(run: "Run") -> str:
    """A run as a command finds it: by its name, and its store where that is not the default one of this folder."""
    try:
        default = Path(DEFAULT).absolute()
    except OSError:  # the current folder was removed
        return run.name
    return run.name if run.store == default else f"{run.name} --store {shlex.quote(str(run.store))}"


def summary(run: "Run", observables: Observables) -> RenderableType:
    """The end of a run: estimates, cells, failures, objections, files, and how to see more.

    Arguments:
        run: what to show.
        observables: of each protocol, by name.
    """
    parts: list[RenderableType] = []
    for name, part in run.protocols.items():
        parts += [_estimates(name, part, observables.get(name, {})), *_answer(part), *_outcome(part)]
    parts += _figures(run)
    if len(run.protocols) > 1:
        parts.append(_results(run, observables))
    parts += _claim(run, observables)
    parts.append(Prose(f"More: jamharness show {where(run)}"))
    return Group(*parts)


def details(run: "Run", observables: Observables, changed: Mapping[str, Mapping[str, Any]] | None) -> RenderableType:
    """A run as far as it got: the answer first, then what was asked for, the heads of its tables, and its files.

    Arguments:
        run: what to show.
        observables: of each protocol, by name.
        changed: by protocol, the settings that differ from its defaults; None for all settings and the environment.
    """
    parts: list[RenderableType] = [Prose(Text.assemble("Run ", (run.name, "bold"), f", {run.status}")), Text("")]
    for name, part in run.protocols.items():
        parts += [_estimates(name, part, observables.get(name, {})), *_outcome(part), Text("")]
    parts += _claim(run, observables)
    for name, part in run.protocols.items():
        parts.append(_settings(name, part.settings if changed is None else changed[name]))
    for name, part in run.protocols.items():
        parts += [head(f"{name}.{title}", frame) for title, frame in part.findings.tables.items()]
        for title, array in part.findings.arrays.items():
            parts.append(Prose(f"Array {name}.{title}: {' × '.join(map(str, array.shape))} {array.dtype}"))
    parts += _figures(run)
    if changed is None:
        parts += [Text(""), _environment(run.environment)]
    else:
        parts.append(Prose(f"All settings, and the environment: jamharness show {where(run)} --all"))
    parts.append(Prose(f"To files: jamharness export {where(run)}"))
    return Group(*parts)


def _claim(run: "Run", observables: Observables) -> list[RenderableType]:
    if run.claim is None:
        return []
    predicted = run.claim.prediction
    observable = observables.get(predicted.protocol, {}).get(predicted.estimate)
    return tested(run.claim, observable.unit if observable else "")


def _settings(name: str, settings: Mapping[str, Any]) -> RenderableType:
    if not settings:
        return Prose(f"Settings of {name}: the defaults.")
    grid = table(f"setting of {name}!", "value")
    for key, value in settings.items():
        grid.add_row(key, as_text(value))
    return grid


def _figures(run: "Run") -> list[RenderableType]:
    return [Prose(Text.assemble("Figure ", (file, "bold"))) for file in run.files]


def _estimates(name: str, part: "ProtocolRun", observables: Mapping[str, Observable]) -> RenderableType:
    grid = table(f"{name}!", "value>", "95% interval!", "count>", "unit", "published")
    notes: dict[str, list[str]] = {}
    for key, estimate in part.findings.estimates.items():
        observable = observables.get(key)
        grid.add_row(
            Text(key, style=f"bold {STYLES.get(key, '')}"),
            number(estimate.value, half_width(estimate)),
            interval(estimate),
            str(estimate.count),
            observable.unit if observable else "",
            observable.published if observable and applicable(observable, part.settings) else "",
        )
        if estimate.note:
            notes.setdefault(estimate.note, []).append(key)
    lines = [Prose(Text.assemble((", ".join(keys), "bold"), f": {note}"), 2) for note, keys in notes.items()]
    return Group(grid, *lines) if part.findings.estimates else Prose(f"{name}: no estimates yet.")


def _answer(part: "ProtocolRun") -> list[RenderableType]:
    """The table that is the answer, where it is one."""
    frame = part.findings.tables.get(part.findings.answer)
    return [] if frame is None or not len(frame) else [answer(frame)]


def _results(run: "Run", observables: Observables) -> RenderableType:
    """Every observable of the papers that was measured; beside it what is published where it is the same thing."""
    grid = table("measured!", "value>", "95% interval!", "unit", "published")
    for name, part in run.protocols.items():
        for key, estimate in part.findings.estimates.items():
            observable = observables.get(name, {}).get(key)
            known = any(each is not None for each in (estimate.value, estimate.low, estimate.high))
            if observable is not None and observable.published and known:
                published = observable.published if applicable(observable, part.settings) else ""
                value = number(estimate.value, half_width(estimate))
                grid.add_row(Text(key, style="bold"), value, interval(estimate), observable.unit, published)
    return grid


def _outcome(part: "ProtocolRun") -> list[RenderableType]:
    cells = part.cells
    text = f"{plural(cells['done'], 'cell')} done in {duration(part.seconds)}"
    if cells["reused"]:
        text += f", {cells['reused']} of them from the store"
    lines: list[RenderableType] = [Prose(text + ".")]
    if part.failures:
        lines.append(Prose(Text(f"{plural(cells['failed'], 'cell')} failed:", style="red")))
        reasons = Counter(reason for _, reason in part.failures)
        first = {reason: label for label, reason in reversed(part.failures)}
        for reason, count in reasons.items():
            label = first[reason] or "a cell"
            where = label if count == 1 else f"{label} and {plural(count - 1, 'other')}"
            lines.append(Prose(f"{where}: {reason}", 2))
    if part.objection:
        lines.append(Prose(Text(part.objection, style="yellow")))
    return lines


def _environment(environment: Mapping[str, Any]) -> RenderableType:
    grid = table("environment!", "")
    for key, value in _flat(environment):
        grid.add_row(key, as_text(value))
    return grid


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in values.items():
        pairs += _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return pairs
