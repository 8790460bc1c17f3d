"""Runs that the store has: listed, and analysed without computing anything."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from operator import itemgetter
from pathlib import Path

from jamharness.api import BadInput, FinishedCell
from jamharness.plugins import Plugins, system_class
from jamharness.printable import all_printable
from jamharness.running.claimed import tested_claim
from jamharness.running.encoding import CellEncoding
from jamharness.running.experiments import Experiment, load_protocol
from jamharness.running.figures import figure_files, figures_folder
from jamharness.running.journal import seen
from jamharness.running.recorded import difference, restored
from jamharness.running.result import ProtocolRun, Run, conclude
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
    """A run that was computed before, as far as it got; of a finished one with the estimates that it printed.

    Its status, exit and objections tell when it has not finished, when cells of it are missing from the store, and when
    its cells give something else today.

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
    files = figure_files(figures_folder(home, name))
    return Run(
        name=name,
        status=record.status,
        protocols={protocol: _part(record, protocol, home, plugins) for protocol in record.protocols},
        files=files,
        environment=record.environment,
        store=home.root,
        claim=tested_claim(record.claim),
    )


def _part(record: RunRecord, name: str, store: Store, plugins: Plugins) -> ProtocolRun:
    """One protocol of a run: what was recorded of it, and what the cells that are left give."""
    protocol = load_protocol(plugins, name)
    settings = build_settings(name, protocol.Settings, record.protocols[name], systems=partial(system_class, plugins))
    keys = tuple(dict.fromkeys(record.cells.get(name, ())))
    failures = record.failures.get(name, ())
    done, missing = finished_cells(store, keys, failures, CellEncoding(plugins))
    part = conclude(
        Experiment(name=name, protocol=protocol, settings=settings),
        done,
        reused=record.reused.get(name, 0),
        seconds=record.spent.get(name, 0.0),
    )
    findings, recorded = part.findings, record.conclusions.get(name)
    reasons = [_unfinished_note(record, len(keys)), _gaps(record.name, len(missing), len(keys))]
    if recorded is not None and record.status == "finished":
        reasons.append("" if missing else difference(recorded, findings, record.name))
        findings = restored(recorded, findings)
    return replace(
        part,
        settings=all_printable(part.settings),
        findings=replace(findings, objection=" ".join(filter(None, [findings.objection, *reasons]))),
        cells={"done": len(keys), "failed": len(failures), "reused": record.reused.get(name, 0)},
        missing=missing,
    )


def _unfinished_note(record: RunRecord, done: int) -> str:
    if record.status == "finished":
        return ""
    state = {"running": "has not finished yet", "failed": "failed"}.get(record.status, "was interrupted")
    reason = f" ({record.problem.rstrip('.')})" if record.problem else ""
    return (
        f"The run {state}{reason}, and what is shown is of the {_cells(done)} that it has recorded; "
        f"to go on: 'jamharness resume {record.name}'."
    )


def _gaps(run: str, missing: int, of: int) -> str:
    if not missing:
        return ""
    return (
        f"{missing} of its {_cells(of)} {'is' if missing == 1 else 'are'} missing from the store or cannot be "
        f"read, and tables and arrays go without; 'jamharness resume {run}' computes what is missing."
    )


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def finished_cells(
    store: Store, keys: Sequence[str], failures: Sequence[Failure], encoding: CellEncoding
) -> tuple[list[FinishedCell], tuple[str, ...]]:
    """The cells of a run as its protocol saw them, and the keys of those that the store does not have any more.

    Raises:
        BadInput: the record holds a failure that is none of a cell.
    """
    cells: list[tuple[str, FinishedCell]] = []
    missing = []
    for key in keys:
        stored = store.read(key)
        try:
            if stored is None:
                raise LookupError(key)
            cell = encoding.decode(stored.identity.get("cell"), stored.label)
            cells.append((encoding.text(cell), FinishedCell(cell=cell, result=stored.result, key=key)))
        except (LookupError, TypeError, AttributeError, ValueError):
            log.debug("Cell %s is missing or unreadable.", key)
            missing.append(key)
    try:
        for failure in failures:
            cell = encoding.decode(failure.cell, failure.label)
            cells.append((encoding.text(cell), FinishedCell(cell=cell, failure=failure.reason)))
    except (LookupError, TypeError, AttributeError, ValueError):
        raise BadInput(
            "The record of this run lists a failed cell that is no cell; start the run again by its command."
        ) from None
    return [finished for _, finished in sorted(cells, key=itemgetter(0))], tuple(missing)
