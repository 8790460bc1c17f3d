"""What the Tab key offers: names of protocols, backends, data sets and runs.

A shell asks on every Tab, so nothing is imported here but what listed the plugins already.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import typer

from jamharness.cli.state import plugins_of


def protocol_names(context: typer.Context, incomplete: str) -> list[str]:
    """Protocols; data sets after ``--set dataset=`` in bash, which takes what follows ``=`` for the next word."""
    if _before_equals() == "dataset":
        return _beginning(incomplete, plugins_of(context).datasets)
    if _before_equals() == "system":
        return _beginning(incomplete, plugins_of(context).systems)
    return _beginning(incomplete, plugins_of(context).protocols)


def backend_names(context: typer.Context, incomplete: str) -> list[str]:
    """Backends, the last of several that are separated by commas."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in _beginning(last, plugins_of(context).backends)]


def system_names(context: typer.Context, incomplete: str) -> list[str]:
    """Kinds of systems."""
    return _beginning(incomplete, plugins_of(context).systems)


def dataset_names(context: typer.Context, incomplete: str) -> list[str]:
    """Data sets."""
    return _beginning(incomplete, plugins_of(context).datasets)


def assignments(context: typer.Context, incomplete: str) -> list[str]:
    """``dataset=NAME`` and ``system=NAME``, the settings whose values are names of plugins."""
    key, equals, value = incomplete.partition("=")
    plugins = plugins_of(context)
    choices = {"dataset": plugins.datasets, "system": plugins.systems}
    if not equals:
        return _beginning(incomplete, [f"{name}=" for name in choices])
    names = choices.get(key.rpartition(".")[2], ())
    return [f"{key}={name}" for name in _beginning(value, names)]


def run_names(context: typer.Context, incomplete: str) -> list[str]:
    """The runs of the store that is named before, or of the one that is used here."""
    return _beginning(incomplete, (path.stem for path in _store(context).glob("runs/*.json")))


def _store(context: typer.Context) -> Path:
    from jamharness.api import BadInput
    from jamharness.store.folder import DEFAULT

    store = context.params.get("store")
    if store is None:
        from jamharness.cli.request import configuration

        try:
            store = configuration(None, plugins_of(context)).run.store
        except BadInput:
            store = None
    return Path(os.path.expanduser(store or DEFAULT))  # noqa: PTH111  (it leaves an unknown user's as it is)


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))


def _before_equals() -> str | None:
    """The word before the ``=`` that is being completed, in bash; None elsewhere."""
    words = os.environ.get("COMP_WORDS", "").split()
    try:
        place = int(os.environ.get("COMP_CWORD", ""))
    except ValueError:
        return None
    if place < len(words) and words[place] == "=":
        return words[place - 1]
    return words[place - 2] if 2 <= place <= len(words) and words[place - 1] == "=" else None
