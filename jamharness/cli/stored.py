"""The commands ``runs``, ``show`` and ``export``: what the store has, without computing anything."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamharness.api import BadInput
from jamharness.cli.options import AsJson, Figures, RunName, RunNames, StorePath
from jamharness.cli.output import others_to_stderr, show, show_json, show_lines
from jamharness.cli.state import plugins_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jamharness.plugins import Plugins
    from jamharness.running import Run


def runs(context: typer.Context, store: StorePath = None, as_json: AsJson = False) -> None:
    """List the runs of a store, oldest first."""
    from jamharness.running import list_runs
    from jamharness.running.defaults import Defaults

    records = list_runs(chosen_store(context, store))
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
                    "claim": {key: record.claim[key] for key in ("digest", "verdict")} if record.claim else None,
                }
                for record in records
            ]
        })  # fmt: skip
        return
    from jamharness.render import listings

    show(listings.runs(records, changed, {record.name: record.estimates for record in records}))


def show_run(
    context: typer.Context,
    names: RunNames,
    everything: Annotated[
        bool, typer.Option("--all", help="Show all settings, and the environment, not only what is no default.")
    ] = False,
    figures: Figures = None,
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Show a run as far as it got: what was found, with which settings, and its tables. Several are compared.

    Leaves with 1 if a question is not answered, the run has not finished, or cells of it are missing; of several
    runs, if nothing can be compared.
    """
    if len(names) > 1:
        if everything:
            raise BadInput("--all: all of a run is shown of one run alone; name one, or leave --all out.")
        from jamharness.cli.comparing import compare

        compare(context, names, figures or "none", store, as_json)
        return
    formats = _formats(figures or "")
    run = _open(context, names[0], store)
    if formats:
        run = _redrawn(context, run, formats)
    if as_json:
        show_json(run.to_json())
        raise typer.Exit(run.exit)
    from jamharness.cli.protocols import observables_of
    from jamharness.render.summary import details
    from jamharness.running.defaults import Defaults

    defaults = Defaults(plugins_of(context))
    changed = {name: defaults.changed(name, part.settings) for name, part in run.protocols.items()}
    show(details(run, observables_of(plugins_of(context), run.protocols), None if everything else changed))
    raise typer.Exit(run.exit)


def export(
    context: typer.Context,
    name: RunName,
    folder: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where the files go; default: a folder of the run's name."),
    ] = None,
    kind: Annotated[str, typer.Option("--format", metavar="FORMAT", help="csv or parquet.")] = "csv",
    figures: Figures = "pdf,png",
    crate: Annotated[
        bool, typer.Option("--crate", help="An RO-Crate: with a store of this run alone, versions and CITATION.cff.")
    ] = False,
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Write a run to files that other programs read: tables, arrays, figures, and estimates.tex for LaTeX.

    Leaves with 1 where show does; what there is is written all the same.
    """
    from jamharness.cli.protocols import observables_of
    from jamharness.paths import user_path
    from jamharness.render.latex import estimates_table
    from jamharness.running import export_run
    from jamharness.running.export import write_file
    from jamharness.running.figures import draw_run

    target = user_path(folder if folder is not None else name, "--output")
    formats = _formats(figures or "")
    if crate:
        from jamharness.running.crate import check_extra

        check_extra()
    with others_to_stderr():
        exported = _open(context, name, store)
        files = export_run(exported, target, kind)
        observables = observables_of(plugins_of(context), exported.protocols)
        files.append(write_file(target / "estimates.tex", estimates_table(exported, observables).encode()))
        files += map(Path, draw_run(exported, plugins_of(context), target, formats))
        if crate:
            files += _crate(context, exported, target, files)
        for sentence in dict.fromkeys(part.objection for part in exported.protocols.values() if part.objection):
            typer.echo(sentence, err=True)
    if as_json:
        show_json({"run": name, "files": [str(path) for path in files]})
    else:
        show_lines(*(str(path) for path in files))
    raise typer.Exit(exported.exit)


def _crate(context: typer.Context, exported: "Run", target: Path, files: "list[Path]") -> "list[Path]":
    from jamharness.reporting.commands import command_of
    from jamharness.running.crate import write_crate
    from jamharness.running.defaults import Defaults
    from jamharness.running.portable import Portable
    from jamharness.store import Store

    record = Store(exported.store, create=False).run(exported.name)
    command = Portable(exported.store).text(command_of(record, Defaults(plugins_of(context))))
    return write_crate(exported, target, files, command)


def _formats(text: str) -> tuple[str, ...]:
    from jamharness.running.figures import check_formats

    problems: list[str] = []
    formats = check_formats(text, problems)
    if problems:
        raise BadInput(*problems)
    return formats


def _redrawn(context: typer.Context, run: "Run", formats: tuple[str, ...]) -> "Run":
    """The run with its figures drawn again, beside those that lie in its store."""
    from jamharness.running.figures import draw_run, figure_files

    folder = run.store / "figures" / run.name
    with others_to_stderr():
        draw_run(run, plugins_of(context), folder, formats, run.store)
    return replace(run, files=figure_files(folder))


def _open(context: typer.Context, name: str, store: str | None) -> "Run":
    from jamharness.running import open_run

    with others_to_stderr():
        return open_run(name, chosen_store(context, store), plugins=plugins_of(context))


def open_runs(names: "list[str]", store: Any, plugins: "Plugins", problems: "Sequence[str]" = ()) -> "list[Run]":
    """Several runs of a store, each once.

    Arguments:
        names: of the runs.
        store: that holds them.
        plugins: where their protocols come from.
        problems: what else is wrong with what was asked for.

    Raises:
        BadInput: that, and one sentence for each run that cannot be opened.
    """
    from jamharness.running import open_run

    faults, runs = list(problems), []
    faults += [
        f"Run {name!r} is named twice; name each once." for name in dict.fromkeys(names) if names.count(name) > 1
    ]
    for name in dict.fromkeys(names):
        try:
            runs.append(open_run(name, store, plugins=plugins))
        except BadInput as error:
            faults += error.problems
    if faults:
        raise BadInput(*dict.fromkeys(faults))
    return runs


def chosen_store(context: typer.Context, store: str | None) -> Any:
    """The store that was named, or the one of ``jamharness.toml``."""
    if store is not None:
        return store
    from jamharness.cli.request import configuration

    return configuration(None, plugins_of(context)).run.store
