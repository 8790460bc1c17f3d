"""The program and its commands, those of plugins included."""

from typing import Annotated

import typer

from jamharness.cli import (
    advising,
    agreement,
    benching,
    calibrating,
    comparing,
    conformance,
    health,
    listing,
    registering,
    reporting,
    running,
    stored,
    verifying,
)
from jamharness.cli.output import alone
from jamharness.cli.usage import EXIT_CODES, Group
from jamharness.plugins import Plugins, plugin_code


def build_app(plugins: Plugins) -> typer.Typer:
    """The whole command line.

    Arguments:
        plugins: may add commands; one that cannot is marked as broken.
    """
    app = typer.Typer(
        cls=Group,
        help="Measure the jamming transition of neural networks, in any framework.",
        epilog=EXIT_CODES,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback(invoke_without_command=True)(_options)
    for command in (
        running.run,
        running.resume,
        registering.register,
        agreement.agree,
        conformance.conformance,
        calibrating.calibrate,
        advising.advise,
        benching.bench,
        health.doctor,
        stored.runs,
        stored.show_run,
        stored.export,
        verifying.verify,
        comparing.compare,
        reporting.report,
        listing.plugins,
        listing.protocols,
        listing.systems,
        listing.datasets,
    ):
        # The suite is a process of its own, which prints for itself.
        own = command if command is conformance.conformance else alone(command)
        app.command(command.__name__.removesuffix("_run"))(own)
    for plugin in plugins.implementers("jamharness_commands"):
        _add(app, plugins, plugin)
    return app


def _add(app: typer.Typer, plugins: Plugins, plugin: str) -> None:
    """Add the commands of a plugin, all of them or none."""
    own = typer.Typer(rich_markup_mode=None)
    if plugin not in plugins.call("jamharness_commands", plugin, app=own):
        return
    existing_names = _names(app)
    try:
        # Parameters are looked at only now, and a wrong one would stop every command.
        with plugin_code(f"plugin {plugin!r}", "adding its commands"):
            names = _names(own)
            if names and not names & existing_names:
                typer.main.get_group(own)
    except Exception as error:  # noqa: BLE001  (whatever it raises is the plugin's fault)
        plugins.refuse(plugin, f"its commands cannot be used ({type(error).__name__}: {error}).")
        return
    if clash := sorted(names & existing_names):
        plugins.refuse(plugin, f"its command {clash[0]!r} exists already; it must choose another name.")
        return
    app.registered_commands += own.registered_commands
    app.registered_groups += own.registered_groups


def _names(app: typer.Typer) -> set[str]:
    names = {each.name or _command_name(each.callback) for each in app.registered_commands}
    return names | {each.name for each in app.registered_groups if isinstance(each.name, str)}


def _command_name(function: object) -> str:
    return str(getattr(function, "__name__", "")).lower().replace("_", "-")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"jamharness {version('jamharness')}")
        raise typer.Exit


def _options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001  (its callback does the work)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
    debug: Annotated[  # noqa: ARG001  (read before the commands are known, as are the next two)
        bool, typer.Option("--debug", help="Show tracebacks and what goes on inside.")
    ] = False,
    disable: Annotated[  # noqa: ARG001
        list[str] | None,
        typer.Option(
            "--disable", metavar="NAME", help="Do not load a plugin, or hide a backend, protocol or data set."
        ),
    ] = None,
    strict_plugins: Annotated[  # noqa: ARG001
        bool, typer.Option("--strict-plugins", help="Take a broken plugin as an error.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
