"""Runs beside each other: what was asked for differently, and by how much the estimates differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from jamharness.api import BadInput, Estimate, Json, digest
from jamharness.plugins import Plugins
from jamharness.running.differences import Difference, difference
from jamharness.running.experiments import load_protocol
from jamharness.running.figures import DEFAULT, draw, figures_folder
from jamharness.running.result import Run, estimate_json
from jamharness.store import Store

COMPARED, NOTHING_TO_COMPARE = 0, 1
_ASKED = ("backend", "device", "dtype", "version")


@dataclass(frozen=True, kw_only=True)
class SettingRow:
    """A setting that is not the same in all runs.

    Arguments:
        protocol: whose; empty for what belongs to a run as a whole, such as its backend.
        name: the setting.
        values: one for each run; ``absent`` says where a run has no such setting.
    """

    protocol: str
    name: str
    values: tuple[Json, ...]
    absent: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class EstimateRow:
    """An estimate of all runs.

    Arguments:
        protocol, name: what was estimated.
        estimates: one for each run; None where a run has none.
        differences: of each run but the first: its estimate minus that of the first; None where there is no telling.
    """

    protocol: str
    name: str
    estimates: tuple[Estimate | None, ...]
    differences: tuple[Difference | None, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Several runs, the first of which the others are compared with.

    Arguments:
        runs: their names.
        settings: what differs in what was asked for.
        estimates: all estimates that any run has.
        files: the figures with the curves of all runs.
    """

    runs: tuple[str, ...]
    settings: Sequence[SettingRow]
    estimates: Sequence[EstimateRow]
    files: Sequence[str] = ()

    @property
    def exit(self) -> int:
        """0 if there is any difference with an interval, otherwise 1."""
        return COMPARED if any(any(row.differences) for row in self.estimates) else NOTHING_TO_COMPARE

    def to_json(self) -> dict[str, Json]:
        """The document that ``--json`` prints: strict JSON."""
        return {
            "compared": list(self.runs),
            "exit": self.exit,
            "settings": [
                {
                    "protocol": row.protocol,
                    "setting": row.name,
                    "values": {
                        run: value
                        for run, value, absent in zip(self.runs, row.values, row.absent, strict=True)
                        if not absent
                    },
                }
                for row in self.settings
            ],
            "estimates": [
                {
                    "protocol": row.protocol,
                    "observable": row.name,
                    "values": {
                        run: None if estimate is None else estimate_json(estimate)
                        for run, estimate in zip(self.runs, row.estimates, strict=True)
                    },
                    "differences": {
                        run: None if contrast is None else _difference(contrast)
                        for run, contrast in zip(self.runs[1:], row.differences, strict=True)
                    },
                }
                for row in self.estimates
            ],
            "files": list(self.files),
        }


def _difference(contrast: Difference) -> dict[str, Json]:
    low, high = contrast.interval(0.95)
    return {"value": contrast.value, "low": low, "high": high, "count": contrast.count, "paired": contrast.paired}


def compare_runs(runs: Sequence[Run], plugins: Plugins, formats: Sequence[str] = DEFAULT) -> Comparison:
    """Compare runs of one store with the first of them, and draw their curves over each other.

    Arguments:
        runs: at least two, from ``run``, ``resume`` or ``open_run``.
        plugins: where their protocols come from, for the figures.
        formats: of the figures, which go to ``figures/compare-…`` in the store.

    Raises:
        BadInput: fewer than two different runs, or the store cannot be written.
    """
    names = tuple(run.name for run in runs)
    if len(set(names)) < max(2, len(names)):
        raise BadInput(f"Runs to compare: {', '.join(names) or 'none'}; name at least two, each once.")
    store = Store(runs[0].store, create=False)
    protocols = list(dict.fromkeys(name for run in runs for name in run.protocols))
    rows = [_estimates(protocol, runs) for protocol in protocols]
    return Comparison(
        runs=names,
        settings=[*_request_rows(runs, store), *(row for protocol in protocols for row in _settings(protocol, runs))],
        estimates=[row for group in rows for row in group],
        files=_curves(protocols, runs, plugins, store, formats),
    )


def _request_rows(runs: Sequence[Run], store: Store) -> list[SettingRow]:
    records = [store.run(run.name) for run in runs]
    return _differing("", [{name: getattr(record, name) for name in _ASKED} for record in records])


def _settings(protocol: str, runs: Sequence[Run]) -> list[SettingRow]:
    return _differing(protocol, [run.protocols[protocol].settings for run in runs if protocol in run.protocols])


def _differing(protocol: str, settings: Sequence[Mapping[str, Json]]) -> list[SettingRow]:
    rows = []
    for name in dict.fromkeys(name for values in settings for name in values):
        values = tuple(each.get(name) for each in settings)
        absent = tuple(name not in each for each in settings)
        if any(value != values[0] for value in values) or len(set(absent)) > 1:
            rows.append(SettingRow(protocol=protocol, name=name, values=values, absent=absent))
    return rows


def _estimates(protocol: str, runs: Sequence[Run]) -> list[EstimateRow]:
    parts = [run.protocols.get(protocol) for run in runs]
    findings = [part.findings if part is not None else None for part in parts]
    rows = []
    for name in dict.fromkeys(name for each in findings if each is not None for name in each.estimates):
        estimates = tuple(each.estimates.get(name) if each is not None else None for each in findings)
        first = findings[0]
        differences = tuple(
            difference(name, other, first)
            if first is not None and other is not None and name in first.estimates and name in other.estimates
            else None
            for other in findings[1:]
        )
        rows.append(EstimateRow(protocol=protocol, name=name, estimates=estimates, differences=differences))
    return rows


def _curves(
    protocols: Sequence[str], runs: Sequence[Run], plugins: Plugins, store: Store, formats: Sequence[str]
) -> list[str]:
    """The figures of those protocols that draw several runs over each other."""
    names = [run.name for run in runs]
    stem = f"compare-{'-'.join(names)}"
    folder = figures_folder(store, stem if len(stem) <= 100 else f"compare-{digest(list(names))[:12]}")
    files = []
    for protocol in protocols:
        findings = {run.name: run.protocols[protocol].findings for run in runs if protocol in run.protocols}
        try:
            make: Any = getattr(load_protocol(plugins, protocol), "draw_comparison", None)
        except BadInput:
            continue
        if make is not None and len(findings) > 1:
            files += draw(protocol, partial(make, findings), folder, formats, store.root)
    return files
