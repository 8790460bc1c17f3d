"""Runs that the store has: listed, and analysed without computing anything."""

import logging
from collections.abc import Sequence
from pathlib import Path

from jamharness.api import Cell, DataRequest, FinishedCell
from jamharness.plugins import Plugins
from jamharness.running.experiments import Experiment, load_protocol
from jamharness.running.figures import figure_files, figures_folder
from jamharness.running.journal import seen
from jamharness.running.result import Run, conclude
from jamharness.running.tracker import order_of
from jamharness.settings import build_settings
from jamharness.store import Failure, RunRecord, Store

log = logging.getLogger("jamharness")


def list_runs(store: str | Path | None = None) -> list[RunRecord]:
    """All runs of a store, oldest first; a file that is no record is one with the status ``"unreadable"``.

    Raises:
        BadInput: the path is no store.
    """
    return [seen(record) for record in Store(store, create=False).runs()]


def open_run(name: str, store: str | Path | None = None, *, plugins: Plugins | None = None) -> Run:
    """Analyse a run that was computed before, as far as it got.

    Arguments:
        name: the run's name.
        store: the folder that holds it.
        plugins: where its protocols come from; None to look for what is installed.

    Raises:
        BadInput: there is no such run, or a protocol of it is not installed any more.
    """
    home = Store(store, create=False)
    record = seen(home.run(name))
    plugins = plugins or Plugins.load()
    parts = {}
    for protocol_name, settings in record.protocols.items():
        protocol = load_protocol(plugins, protocol_name)
        built = build_settings(protocol_name, protocol.Settings, settings)
        keys = record.cells.get(protocol_name, ())
        done = finished_cells(home, keys, record.failures.get(protocol_name, ()))
        parts[protocol_name] = conclude(
            Experiment(name=protocol_name, protocol=protocol, settings=built),
            done,
            reused=record.reused.get(protocol_name, 0),
            seconds=record.spent.get(protocol_name, 0.0),
        )
    files = figure_files(figures_folder(home, name))
    return Run(
        name=name,
        status=record.status,
        protocols=parts,
        files=files,
        environment=record.environment,
        store=home.root,
    )


def finished_cells(store: Store, keys: Sequence[str], failures: Sequence[Failure]) -> list[FinishedCell]:
    """The cells of a run as its protocol saw them; those that have left the store are left out, with a warning."""
    found = []
    for key in keys:
        stored = store.read(key)
        if stored is None:
            log.warning("Cell %s is missing from the store or damaged; 'jamharness resume' computes it again.", key)
            continue
        found.append(FinishedCell(cell=_cell(stored.identity["cell"], stored.label), result=stored.result))
    found += [FinishedCell(cell=_cell(failure.cell, failure.label), failure=failure.reason) for failure in failures]
    return sorted(found, key=order_of)


def _cell(identity: object, label: str) -> Cell:
    assert isinstance(identity, dict)
    dataset = identity["dataset"]
    return Cell(
        protocol=identity["protocol"],
        coordinates=identity["coordinates"],
        dataset=DataRequest(**dataset) if dataset else None,
        label=label,
    )
