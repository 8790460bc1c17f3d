"""The hooks that a plugin may implement. All are coarse: none is called while something is computed."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

from jamharness.api import BackendSpec, DatasetSpec, ProtocolSpec, SystemSpec

if TYPE_CHECKING:
    import typer

    from jamharness.running import Run

PROJECT = "jamharness"
_hookspec = pluggy.HookspecMarker(PROJECT)


@_hookspec
def jamharness_backends() -> Iterable[BackendSpec]:  # type: ignore[empty-body]
    """The backends that the plugin offers."""


@_hookspec
def jamharness_protocols() -> Iterable[ProtocolSpec]:  # type: ignore[empty-body]
    """The protocols that the plugin offers."""


@_hookspec
def jamharness_systems() -> Iterable[SystemSpec]:  # type: ignore[empty-body]
    """The kinds of systems that the plugin offers."""


@_hookspec
def jamharness_datasets() -> Iterable[DatasetSpec]:  # type: ignore[empty-body]
    """The data sets that the plugin offers."""


@_hookspec
def jamharness_commands(app: "typer.Typer") -> None:
    """Add commands to the command line.

    Arguments:
        app: where they go, by ``app.command()``; the names of existing commands are taken.
    """


@_hookspec
def jamharness_describe_environment() -> Mapping[str, str]:  # type: ignore[empty-body]
    """What else a number may depend on, by name, for the record of a run."""


@_hookspec
def jamharness_run_finished(run: "Run") -> None:
    """Called once after a run has ended with its results in the store; for trackers and notifiers.

    It is called in a thread of its own, which is left behind after 10 s; what is printed is settled before.

    Arguments:
        run: its estimates, tables, arrays and files: a read-only copy.
    """
