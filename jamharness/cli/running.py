"""The commands ``run`` and ``resume``."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jamharness.api import BadInput, Json
from jamharness.cli import claiming, sweeping
from jamharness.cli.keeping import Keeper, command_line, counted
from jamharness.cli.options import (
    AsJson,
    Assignments,
    Backend,
    ConfigFile,
    Download,
    Figures,
    Limit,
    Memory,
    Protocols,
    Quiet,
    RunName,
    Scheduler,
    StorePath,
    Workers,
)
from jamharness.cli.output import others_to_stderr, say, show, show_json
from jamharness.cli.state import plugins_of
from jamharness.plugins import Plugins
from jamharness.sweeps import count, points

if TYPE_CHECKING:
    from jamharness.cli.request import RunArguments
    from jamharness.running import Observer, Run
    from jamharness.sweeps import Axis


def run(
    context: typer.Context,
    protocols: Protocols = None,
    backend: Backend = None,
    preset: Annotated[str | None, typer.Option(metavar="NAME", help="Settings to start from, such as quick.")] = None,
    assignments: Assignments = None,
    sweeps: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep",
            metavar="KEY=A,B,C",
            help="One run for each value (separated by ; where a value is a list), and their comparison.",
        ),
    ] = None,
    claim: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST|FILE",
            help="Run exactly what 'jamharness register' froze; leaves with 0 confirmed, 1 refuted, 3 undecided.",
        ),
    ] = None,
    config: ConfigFile = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="Which random draws.")] = None,
    device: Annotated[str | None, typer.Option(metavar="DEVICE", help="cpu, cuda or cuda:i; default: cpu.")] = None,
    dtype: Annotated[str | None, typer.Option(metavar="DTYPE", help="float64 or float32; default: float64.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    threads: Annotated[str | None, typer.Option(metavar="K", help="CPU threads of each worker; default: 1.")] = None,
    limit: Limit = None,
    memory: Memory = None,
    store: StorePath = None,
    name: Annotated[
        str | None, typer.Option(metavar="RUN", help="The run's name; default: made from its settings.")
    ] = None,
    download: Download = False,
    figures: Figures = None,
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
        "scheduler": scheduler,
        "seed": seed,
        "store": store,
        "threads": threads,
        "workers": workers,
    }

    def request_with(*own: str, name: str | None = name, typed: Sequence[str] = assignments or []) -> "RunArguments":
        request = gather(
            plugins,
            protocols=protocols or [],
            assignments=[*typed, *own],
            config=config,
            name=name,
            options=options,
        )
        return request if figures is None else replace(request, keywords={**request.keywords, "figures": figures})

    def compute(request: "RunArguments", observer: "Observer") -> "Run":
        from jamharness.running import run as compute_run

        return compute_run(request.protocols, **request.keywords, observer=observer)

    if claim is not None:
        given_too = {"sweep": sweeps, "set": assignments}
        test = claiming.testing(plugins, claim, protocols, given_too, options, config, name, figures)
        _carry_out(test.compute, plugins, as_json=as_json, quiet=quiet, again=test.again)
    try:
        request = request_with()
        if axes := sweeping.axes(request, sweeps or [], assignments or [], seed):
            _sweep(axes, request_with, compute, as_json=as_json, quiet=quiet, config=config)
        else:
            refuse(request)
            again = {"store": request.keywords.get("store"), "config": config}
            _carry_out(partial(compute, request), plugins, as_json=as_json, quiet=quiet, again=again)
    except BadInput as error:
        raise sweeping.with_advice(error, assignments or [], lambda typed: request_with(typed=typed)) from error


def resume(
    context: typer.Context,
    name: RunName,
    store: StorePath = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    limit: Limit = None,
    memory: Memory = None,
    config: ConfigFile = None,
    figures: Figures = None,
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
        "scheduler": scheduler if scheduler is not None else files.run.scheduler,
        "store": store if store is not None else files.run.store,
        "plugins": plugins,
        "interpreters": files.interpreters,
        "download": bool(files.run.download),
        **({} if figures is None else {"figures": figures}),
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
    with others_to_stderr(), interruptible(keeper, again), shown:
        finished = compute(keeper)
        observables = {} if as_json else observables_of(plugins, finished.protocols)
    if as_json:
        show_json(finished.to_json())
    else:
        show(summary(finished, observables))
    raise typer.Exit(finished.exit)


def _sweep(
    axes: "Sequence[Axis]",
    request_with: "Callable[..., RunArguments]",
    compute: "Callable[[RunArguments, Observer], Run]",
    *,
    as_json: bool,
    quiet: bool,
    config: str | None,
) -> None:
    """Compute a run for each combination, print their comparison, and leave with the highest of their exit codes."""
    from jamharness.render.comparing import sweep
    from jamharness.render.progress import display
    from jamharness.running.figures import DEFAULT, check_formats

    first = request_with()
    stem = sweeping.stem(first.keywords["name"], first)

    def requests() -> "Iterator[RunArguments]":
        return (request_with(*point.assignments, name=stem + point.suffix) for point in points(axes))

    sweeping.check(requests())
    formats = check_formats(first.keywords.get("figures", DEFAULT), [])
    shown = display(quiet=quiet)
    keeper = Keeper(shown)
    again = {"store": first.keywords.get("store"), "config": config}
    with others_to_stderr(), interruptible(keeper, again), shown:
        runs, comparison = sweeping.carry_out(
            requests(), lambda request: compute(request, keeper), formats, count(axes)
        )
    code = max(run.exit for run in runs)
    if as_json:
        documents: list[Json] = [run.to_json() for run in runs]
        show_json({"exit": code, "runs": documents, "comparison": comparison.to_json() if comparison else None})
    else:
        show(sweep(runs, comparison))
    raise typer.Exit(code)


@contextmanager
def interruptible(keeper: Keeper, again: dict[str, Any]) -> Iterator[None]:
    """Say what is kept and how to go on, however often the key was pressed."""
    try:
        yield
    except KeyboardInterrupt as error:
        # A second Ctrl-C takes the place of the error that names the run; its record is written before it starts.
        name = getattr(error, "name", None) or next(iter(keeper.cells), None)
        if name:
            cells = counted(keeper.cells.get(name, 0))
            say(f"Interrupted. What is done is kept ({cells}); to go on: {command_line('resume', name, **again)}")
        else:
            say("Interrupted before anything was computed.")
        raise typer.Exit(130) from None
