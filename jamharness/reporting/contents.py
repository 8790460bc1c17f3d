"""What a report shows, as values that a template and a browser read."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from jamharness.api import Observable, Plot, PluginError, applicable
from jamharness.plugins import Plugins, plugin_code
from jamharness.render.texts import half_width, interval, number
from jamharness.reporting.charts import Drawn, chart
from jamharness.reporting.commands import command_of
from jamharness.running.defaults import Defaults
from jamharness.running.experiments import load_protocol
from jamharness.running.export import portable_csv
from jamharness.running.figures import images_of
from jamharness.running.portable import Portable
from jamharness.store import Store
from jamharness.values import as_text

if TYPE_CHECKING:
    from jamharness.running import Run

log = logging.getLogger("jamharness")


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table of the page, with the bytes that ``export`` writes of it.

    Arguments:
        name: how the page calls it; title: what a reader reads.
        file: the name of the file that a download makes.
        csv: its content.
        rows: how many it has.
    """

    name: str
    title: str
    file: str
    csv: str
    rows: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """A plot or a picture, and the commands whose cells it shows.

    Arguments:
        name: how the page calls it.
        protocol: whose; title: what a reader reads.
        commands: by the name of the run.
        chart: for plotly.js; None for a picture.
        picture: SVG, where the protocol offers no plot of that name.
    """

    name: str
    protocol: str
    title: str
    commands: Mapping[str, str]
    chart: Mapping[str, Any] | None = None
    picture: bytes = b""


@dataclass(frozen=True, kw_only=True, eq=False)
class EstimateLine:
    """An estimate of all runs, as texts.

    Arguments:
        protocol: whose.
        name: what was estimated.
        meaning: one sentence.
        unit: of the values.
        published: the published value; empty where none applies to any of the runs.
        source: where that and the definition come from.
        values: for each run: value, interval, count and note; None where it has none.
    """

    protocol: str
    name: str
    meaning: str
    unit: str
    published: str
    source: str
    values: Sequence[tuple[str, str, int, str] | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class RunPart:
    """What is said of one run by itself.

    Arguments:
        name: of the run; status: of its record.
        exit: as its command left.
        command: what computes it again.
        facts: what it was computed with, by name.
        verdicts: for each protocol: its name, whether it has an answer, and the objection or what stands for it.
        claim: what it tests, the verdict, and its sentences; empty for none.
        failures: label and reason of cells that were tried in vain.
        settings: by protocol: name, value, and whether it is the default.
        environment: name and value.
        tables: its tables.
    """

    name: str
    status: str
    exit: int
    command: str
    facts: Mapping[str, str]
    verdicts: Sequence[tuple[str, bool, str]]
    failures: Sequence[tuple[str, str]]
    settings: Mapping[str, Sequence[tuple[str, str, bool]]]
    environment: Sequence[tuple[str, str]]
    tables: Sequence[Table] = field(default=())
    claim: Sequence[str] = field(default=())


class Gathering:
    """Reads everything of several runs of one store.

    Arguments:
        runs: from ``open_run``.
        plugins: where their protocols come from.
    """

    def __init__(self, runs: "Sequence[Run]", plugins: Plugins) -> None:
        self._runs, self._plugins = runs, plugins
        self._store = Store(runs[0].store, create=False)
        self._portable = Portable(self._store.root)
        self._defaults = Defaults(plugins)
        self._records = {run.name: self._store.run(run.name) for run in runs}
        self.commands = {
            name: self._portable.text(command_of(record, self._defaults)) for name, record in self._records.items()
        }

    def runs(self) -> list[RunPart]:
        """Each run by itself."""
        return [self._run_part(run) for run in self._runs]

    def _run_part(self, run: "Run") -> RunPart:
        record, document = self._records[run.name], self._portable.document(run.to_json())
        parts: Any = document["protocols"]
        facts = {name: str(getattr(record, name)) for name in ("created", "backend", "device", "dtype", "threads")}
        cells = sum(part.cells["done"] for part in run.protocols.values())
        facts |= {"version": record.version, "cells": str(cells), "seconds": f"{record.seconds:.1f}"}
        verdicts, settings = [], {}
        for name, part in run.protocols.items():
            reason = parts[name]["objection"] or f"answered from {part.cells['done']} cells"
            verdicts.append((name, part.answered, reason))
            changed = self._defaults.changed(name, part.settings)
            rows = parts[name]["settings"].items()
            settings[name] = [(key, as_text(value), key not in changed) for key, value in rows]
        failures = [(item["label"], item["reason"]) for part in parts.values() for item in part["failures"]]
        return RunPart(
            name=run.name,
            status=run.status,
            exit=run.exit,
            command=self.commands[run.name],
            facts=facts,
            verdicts=verdicts,
            failures=failures,
            settings=settings,
            environment=list(_flat(document["environment"])),
            claim=self._claim(run),
            tables=[
                self._table(run, protocol, name)
                for protocol, part in run.protocols.items()
                for name in part.findings.tables
            ],
        )

    def _claim(self, run: "Run") -> list[str]:
        if run.claim is None:
            return []
        predicted = run.claim.prediction
        observable = self._observables(predicted.protocol).get(predicted.estimate)
        statement = f"{predicted.statement} " if predicted.statement else ""
        words = f"{statement}{predicted.in_words(observable.unit if observable else '')}; {run.claim.reason}"
        words += "".join(f"; not as registered: {each}" for each in run.claim.deviations)
        return [run.claim.digest, run.claim.registered[:19], run.claim.verdict, self._portable.text(words)]

    def _table(self, run: "Run", protocol: str, name: str) -> Table:
        frame = run.protocols[protocol].findings.tables[name]
        return Table(
            name=_table_name(run.name, protocol, name),
            title=f"{protocol}: {name}",
            file=f"{run.name}-{protocol}-{name}.csv",
            csv=portable_csv(frame, self._portable).decode(),
            rows=len(frame),
        )

    def estimates(self) -> list[EstimateLine]:
        """All estimates that any run has, in the order of its protocols."""
        pairs: dict[tuple[str, str], None] = {}
        for run in self._runs:
            for protocol, part in run.protocols.items():
                pairs |= {(protocol, name): None for name in part.findings.estimates}
        return [self._line(protocol, name) for protocol, name in pairs]

    def _line(self, protocol: str, name: str) -> EstimateLine:
        observable: Observable | None = self._observables(protocol).get(name)
        having = [run.protocols[protocol] for run in self._runs if protocol in run.protocols]
        applies = observable is not None and any(applicable(observable, part.settings) for part in having)
        values: list[tuple[str, str, int, str] | None] = []
        for run in self._runs:
            part = run.protocols.get(protocol)
            estimate = part.findings.estimates.get(name) if part else None
            if estimate is None:
                values.append(None)
            else:
                shown = number(estimate.value, half_width(estimate))
                values.append((shown, interval(estimate), estimate.count, self._portable.text(estimate.note)))
        return EstimateLine(
            protocol=protocol,
            name=name,
            meaning=observable.meaning if observable else "",
            unit=observable.unit if observable else "",
            published=observable.published if observable and applies else "",
            source=observable.source if observable else "",
            values=values,
        )

    def estimates_table(self) -> Table:
        """Every digit of every estimate, one row each."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for run in self._runs:
            for protocol, part in run.protocols.items():
                observables = self._observables(protocol)
                for name, estimate in part.findings.estimates.items():
                    observable = observables.get(name)
                    stands = observable is not None and applicable(observable, part.settings)
                    rows.append({
                        "run": run.name, "protocol": protocol, "observable": name, "value": estimate.value,
                        "low": estimate.low, "high": estimate.high, "count": estimate.count,
                        "unit": observable.unit if observable else "",
                        "published": observable.published if observable and stands else "",
                        "note": estimate.note,
                    })  # fmt: skip
        frame = pd.DataFrame(rows)
        csv = portable_csv(frame, self._portable).decode()
        return Table(name="estimates", title="All estimates", file="estimates.csv", csv=csv, rows=len(frame))

    def _observables(self, protocol: str) -> Mapping[str, Observable]:
        return load_protocol(self._plugins, protocol).observables

    def figures(self) -> list[Figure]:
        """Plots with all runs over each other, and pictures of what a protocol draws and has no plot for."""
        figures: list[Figure] = []
        for protocol in dict.fromkeys(name for run in self._runs for name in run.protocols):
            plots = {run.name: self._plots(run, protocol) for run in self._runs if protocol in run.protocols}
            names = list(dict.fromkeys(name for each in plots.values() for name in each))
            figures += [self._chart(protocol, name, plots) for name in names]
            figures += self._pictures(protocol, names)
        return figures

    def _plots(self, run: "Run", protocol: str) -> Mapping[str, Plot]:
        make: Any = getattr(load_protocol(self._plugins, protocol), "plots", None)
        if make is None:
            return {}
        try:
            with plugin_code(f"protocol {protocol!r}", "plotting"):
                return dict(make(run.protocols[protocol].findings))
        except PluginError as error:
            log.warning("%s Its figures are shown as pictures.", error)
        except Exception as error:
            log.warning("The plots of protocol %r cannot be made (%s: %s).", protocol, type(error).__name__, error)
            log.debug("plots of %s", protocol, exc_info=True)
        return {}

    def _chart(self, protocol: str, name: str, plots: Mapping[str, Mapping[str, Plot]]) -> Figure:
        drawn = []
        for run in self._runs:
            if name in plots.get(run.name, {}):
                findings = run.protocols[protocol].findings
                tables = {table: _table_name(run.name, protocol, table) for table in findings.tables}
                plot = plots[run.name][name]
                drawn.append(Drawn(run=run.name, plot=plot, estimates=findings.estimates, tables=tables))
        return Figure(
            name=f"{protocol}-{name}",
            protocol=protocol,
            title=drawn[0].plot.title,
            commands={each.run: self.commands[each.run] for each in drawn},
            chart=chart(drawn),
        )

    def _pictures(self, protocol: str, plotted: Sequence[str]) -> list[Figure]:
        figures = []
        for run in self._runs:
            if protocol in run.protocols:
                draw = partial(load_protocol(self._plugins, protocol).draw, run.protocols[protocol].findings)
                for (name, _), image in images_of(protocol, draw, ("svg",)).items():
                    if name not in plotted:
                        figure = Figure(
                            name=f"{protocol}-{name}-{run.name}",
                            protocol=protocol,
                            title=f"{name} of {run.name}",
                            commands={run.name: self.commands[run.name]},
                            picture=image,
                        )
                        figures.append(figure)
        return figures


def _table_name(run: str, protocol: str, table: str) -> str:
    return f"{run}/{protocol}/{table}"


def _flat(values: Any, prefix: str = "") -> "list[tuple[str, str]]":
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        pairs += _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", as_text(value))]
    return pairs
