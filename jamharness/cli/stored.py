"""The commands ``runs``, ``show`` and ``export``: what the store has, without computing anything."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamharness.cli.options import AsJson, RunName, StorePath
from jamharness.cli.output import others_to_stderr, show, show_json
from jamharness.cli.state import plugins_of

if TYPE_CHECKING:
    from jamharness.running import Run


def runs(context: typer.Context, store: StorePath = None, as_json: AsJson = False) -> None:
    """List the runs of a store, oldest first."""
    from jamharness.running import list_runs
    from jamharness.running.defaults import Defaults

    records = list_runs(_store(context, store))
    defaults = Defaults(plugins_of(context))
    with others_to_stderr():
        changed = {
            record.name: {
                key: value
                for protocol, settings in record.protocols.items()
                for key, value in defaults.changed(protocol, settings).items()
            }
            for record in records
        }
    if as_json:
        show_json({
            "runs": [
                {
                    "run": record.name,
                    "status": record.status,
                    "problem": record.problem,
                    "created": record.created,
                    "protocols": list(record.protocols),
                    "backend": record.backend,
                    "device": record.device,
                    "dtype": record.dtype,
                    "cells": sum(len(keys) for keys in record.cells.values()),
                    "seconds": record.seconds,
                    "user": record.process.get("user", ""),
                    "host": record.process.get("host", ""),
                    "changed": changed[record.name],
                    "estimates": record.estimates,
                }
                for record in records
            ]
        })  # fmt: skip
        return
    from jamharness.render import listings

    show(listings.runs(records, changed))


def show_run(
    context: typer.Context,
    name: RunName,
    everything: Annotated[
        bool, typer.Option("--all", help="Show all settings, and the environment, not only what is no default.")
    ] = False,
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Show a run as far as it got: what was found, with which settings, and its tables."""
    found = _open(context, name, store)
    if as_json:
        show_json({**found.to_json(), "status": found.status})
        return
    from jamharness.cli.protocols import observables_of
    from jamharness.render.summary import details
    from jamharness.running.defaults import Defaults

    defaults = Defaults(plugins_of(context))
    changed = {name: defaults.changed(name, part.settings) for name, part in found.protocols.items()}
    show(details(found, observables_of(plugins_of(context), found.protocols), None if everything else changed))


def export(
    context: typer.Context,
    name: RunName,
    folder: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where the files go; default: a folder of the run's name."),
    ] = None,
    kind: Annotated[str, typer.Option("--format", metavar="FORMAT", help="csv or parquet.")] = "csv",
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Write a run to files that other programs read."""
    from jamharness.running import export_run

    with others_to_stderr():
        files = export_run(_open(context, name, store), folder or name, kind)
    if as_json:
        show_json({"run": name, "files": [str(path) for path in files]})
        return
    for path in files:
        typer.echo(str(path))


def _open(context: typer.Context, name: str, store: str | None) -> "Run":
    from jamharness.running import open_run

    with others_to_stderr():
        return open_run(name, _store(context, store), plugins=plugins_of(context))


def _store(context: typer.Context, store: str | None) -> Any:
    """The store that was named, or the one of ``jamharness.toml``."""
    if store is not None:
        return Path(store)
    from jamharness.cli.request import configuration

    return configuration(None, plugins_of(context)).run.store
