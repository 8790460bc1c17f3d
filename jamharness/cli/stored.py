"""The commands ``runs``, ``show`` and ``export``: what the store has, without computing anything."""

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

    records = list_runs(_store(context, store))
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
                }
                for record in records
            ]
        })  # fmt: skip
        return
    from jamharness.render import listings

    show(listings.runs(records))


def show_run(context: typer.Context, name: RunName, store: StorePath = None, as_json: AsJson = False) -> None:
    """Show all of a run, as far as it got.

    Leaves with 1 if a question is not answered, the run has not finished, or cells of it are missing.
    """
    found = _open(context, name, store)
    if as_json:
        show_json(found.to_json())
        raise typer.Exit(found.exit)
    from jamharness.cli.protocols import observables_of
    from jamharness.render.summary import details

    show(details(found, observables_of(plugins_of(context), found.protocols)))
    raise typer.Exit(found.exit)


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
    """Write a run to files that other programs read.

    Leaves with 1 where show does; what there is is written all the same.
    """
    from jamharness.running import export_run

    with others_to_stderr():
        found = _open(context, name, store)
        files = export_run(found, folder if folder is not None else name, kind)
        for sentence in dict.fromkeys(part.objection for part in found.protocols.values() if part.objection):
            typer.echo(sentence, err=True)
    if as_json:
        show_json({"run": name, "files": [str(path) for path in files]})
    else:
        for path in files:
            typer.echo(str(path))
    raise typer.Exit(found.exit)


def _open(context: typer.Context, name: str, store: str | None) -> "Run":
    from jamharness.running import open_run

    with others_to_stderr():
        return open_run(name, _store(context, store), plugins=plugins_of(context))


def _store(context: typer.Context, store: str | None) -> Any:
    """The store that was named, or the one of ``jamharness.toml``."""
    if store is not None:
        return store
    from jamharness.cli.request import configuration

    return configuration(None, plugins_of(context)).run.store
