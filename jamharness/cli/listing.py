"""The commands ``plugins``, ``protocols``, ``systems`` and ``datasets``."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from jamharness.cli.completing import dataset_names, protocol_names, system_names
from jamharness.cli.options import AsJson
from jamharness.cli.output import show, show_json
from jamharness.cli.protocols import protocol_of
from jamharness.cli.state import plugins_of

if TYPE_CHECKING:
    from jamharness.api import Json, Observable


_GLANCE, _CHECK = 0.4, 60.0
"""Seconds of work in which imports may fail: a list is wanted at once, a check is worth waiting for."""


def plugins(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Wait until every framework is imported.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what is installed, and what is wrong with it.

    Frameworks are imported in processes of their own; those that fail at once, as broken ones mostly do, are seen
    without --check too.
    """
    installed = plugins_of(context)
    installed.check_backends(_CHECK if check else _GLANCE)
    rows = installed.rows
    if as_json:
        show_json({"plugins": [row.to_json() for row in rows]})
        return
    from jamharness.render import listings

    show(listings.plugins(rows))


def protocols(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Show this one with its settings.", autocompletion=protocol_names),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what can be measured; with a name, its settings and sources."""
    if name is None:
        _offers(context, "protocol", as_json)
        return
    from jamharness.settings import describe_settings, presets_of

    installed = plugins_of(context)
    protocol = protocol_of(installed, name)
    settings = describe_settings(protocol.Settings)
    if as_json:
        spec = installed.protocol(name)
        show_json({
            "name": name,
            "summary": spec.summary,
            "version": spec.version,
            "settings": [asdict(row) for row in settings],
            "presets": presets_of(protocol),
            "observables": {key: _described(each) for key, each in protocol.observables.items()},
        })  # fmt: skip
        return
    from jamharness.render import listings

    row = next(row for row in installed.rows if (row.kind, row.name) == ("protocol", name))
    show(listings.protocol(row, settings, presets_of(protocol), protocol.observables))


def systems(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Show this one with its settings.", autocompletion=system_names),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the kinds of systems that can be measured; with a name, its settings."""
    if name is None:
        _offers(context, "system", as_json)
        return
    from jamharness.plugins import system_class
    from jamharness.settings import describe_settings

    installed = plugins_of(context)
    chosen = system_class(installed, name)
    settings = describe_settings(chosen)
    if as_json:
        summary = installed.system(name).summary
        show_json({"name": name, "summary": summary, "settings": [asdict(each) for each in settings]})
        return
    from jamharness.render import listings

    row = next(row for row in installed.rows if (row.kind, row.name) == ("system", name))
    show(listings.system(row, settings))


def datasets(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="Show what this one holds; file:PATH for one's own.", autocompletion=dataset_names
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the data sets, for --set dataset=NAME; with a name, what it holds and where it is looked for."""
    if name is None:
        _offers(context, "dataset", as_json)
        return
    from jamharness.datasets.describing import describe

    description = describe(name, plugins_of(context))
    if as_json:
        document: dict[str, Json] = dict(description)
        show_json(document)
        return
    from jamharness.render import listings

    show(listings.dataset(description))


def _offers(context: typer.Context, kind: str, as_json: bool) -> None:
    rows = [row for row in plugins_of(context).rows if row.kind == kind]
    if as_json:
        document: list[Json] = [row.to_json() for row in rows]
        show_json({f"{kind}s": document})
        return
    from jamharness.render import listings

    show(listings.offers(rows, kind))


def _described(observable: "Observable") -> "dict[str, Json]":
    """As JSON: a range of whole numbers, which may be long, by its first and last."""
    conditions: dict[str, Json] = {}
    for name, values in observable.published_for.items():
        if isinstance(values, range):
            conditions[name] = {"from": values[0], "to": values[-1]}
        else:
            conditions[name] = list(values) if isinstance(values, Iterable) else repr(values)
    return {**asdict(observable), "published_for": conditions}
