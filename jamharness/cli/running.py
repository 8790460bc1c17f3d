"""The commands ``run`` and ``resume``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamharness.cli.keeping import Keeper, command_line, counted
from jamharness.cli.options import AsJson, ConfigFile, Download, Limit, Memory, Quiet, RunName, StorePath, Workers
from jamharness.cli.output import others_to_stderr, say, show, show_json
from jamharness.cli.state import plugins_of
from jamharness.plugins import Plugins

if TYPE_CHECKING:
    from jamharness.running import Observer, Run

Protocols = Annotated[list[str] | None, typer.Argument(metavar="PROTOCOL", help="What to measure; default: jamming.")]


def run(
    context: typer.Context,
    protocols: Protocols = None,
    backend: Annotated[str | None, typer.Option(metavar="NAME", help="What computes; see: jamharness plugins")] = None,
    preset: Annotated[str | None, typer.Option(metavar="NAME", help="Settings to start from, such as quick.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting; see: jamharness protocols NAME. May be repeated."),
    ] = None,
    config: ConfigFile = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="Which random draws.")] = None,
    device: Annotated[str | None, typer.Option(metavar="DEVICE", help="cpu, cuda or cuda:i; default: cpu.")] = None,
    dtype: Annotated[str | None, typer.Option(metavar="DTYPE", help="float64 or float32; default: float64.")] = None,
    workers: Workers = None,
    threads: Annotated[str | None, typer.Option(metavar="K", help="CPU threads of each worker; default: 1.")] = None,
    limit: Limit = None,
    memory: Memory = None,
    store: StorePath = None,
    name: Annotated[
        str | None, typer.Option(metavar="RUN", help="The run's name; default: made from its settings.")
    ] = None,
    download: Download = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure, keep every finished cell, and show what was found.

    The same command again takes what is there and computes what is missing.
    """
    from jamharness.cli.request import gather, refuse

    plugins = plugins_of(context)
    options = {
        "backend": backend,
        "device": device,
        "download": "true" if download else None,
        "dtype": dtype,
        "limit": limit,
        "memory": memory,
        "preset": preset,
        "seed": seed,
        "store": store,
        "threads": threads,
        "workers": workers,
    }
    given = gather(
        plugins,
        protocols=protocols or [],
        assignments=assignments or [],
        config=config,
        name=name,
        options=options,
    )
    refuse(given)

    def compute(observer: "Observer") -> "Run":
        from jamharness.running import run as compute_run

        return compute_run(given.protocols, **given.keywords, observer=observer)

    again = {"store": given.keywords.get("store"), "config": config}
    _carry_out(compute, plugins, as_json=as_json, quiet=quiet, again=again)


def resume(
    context: typer.Context,
    name: RunName,
    store: StorePath = None,
    workers: Workers = None,
    limit: Limit = None,
    memory: Memory = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run where it stopped."""
    from jamharness.cli.request import configuration, numbers

    plugins = plugins_of(context)
    files = configuration(config, plugins)
    keywords: dict[str, Any] = {
        **{name: getattr(files.run, name) for name in ("workers", "limit", "memory")},
        **numbers({"workers": workers, "limit": limit, "memory": memory}),
        "store": store if store is not None else files.run.store,
        "plugins": plugins,
        "interpreters": files.interpreters,
        "download": bool(files.run.download),
    }

    def compute(observer: "Observer") -> "Run":
        from jamharness.running import resume as compute_rest

        return compute_rest(name, **keywords, observer=observer)

    again = {"store": keywords["store"], "config": config}
    _carry_out(compute, plugins, as_json=as_json, quiet=quiet, again=again)


def _carry_out(
    compute: "Callable[[Observer], Run]", plugins: Plugins, *, as_json: bool, quiet: bool, again: dict[str, Any]
) -> None:
    """Compute with a display, print the result, and leave with the run's own exit code.

    Arguments:
        compute: the run itself.
        plugins: what is installed.
        as_json: whether the result is printed as JSON.
        quiet: whether to show no progress.
        again: the options with which an interrupted run is to be resumed.
    """
    from jamharness.cli.protocols import observables_of
    from jamharness.render.progress import display
    from jamharness.render.summary import summary

    shown = display(quiet=quiet)
    keeper = Keeper(shown)
    with others_to_stderr(), _ctrl_c(keeper, again), shown:
        finished = compute(keeper)
        observables = {} if as_json else observables_of(plugins, finished.protocols)
    if as_json:
        show_json(finished.to_json())
    else:
        show(summary(finished, observables))
    raise typer.Exit(finished.exit)


@contextmanager
def _ctrl_c(keeper: Keeper, again: dict[str, Any]) -> Iterator[None]:
    """Say what is kept and how to go on, however often the key was pressed."""
    try:
        yield
    except KeyboardInterrupt as error:
        # A second Ctrl-C takes the place of the error that names the run; its record is written before it starts.
        name = getattr(error, "name", None) or next(iter(keeper.cells), None)
        if name:
            kept = counted(keeper.cells.get(name, 0))
            say(f"Interrupted. What is done is kept ({kept}); to go on: {command_line('resume', name, **again)}")
        else:
            say("Interrupted before anything was computed.")
        raise typer.Exit(130) from None
