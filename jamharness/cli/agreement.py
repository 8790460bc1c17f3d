"""The command ``agree``."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from jamharness.api import BadInput
from jamharness.cli.completing import backend_names
from jamharness.cli.keeping import Keeper, counted
from jamharness.cli.options import (
    AsJson,
    Assignments,
    Backends,
    ConfigFile,
    Download,
    Protocols,
    Quiet,
    StorePath,
    Workers,
)
from jamharness.cli.output import others_to_stderr, say, show, show_json
from jamharness.cli.state import plugins_of


def agree(
    context: typer.Context,
    protocols: Protocols = None,
    backends: Backends = None,
    reference: Annotated[
        str,
        typer.Option(metavar="NAME", help="Compared with number by number.", autocompletion=backend_names),
    ] = "numpy",
    kinds: Annotated[
        str, typer.Option(metavar="KIND,KIND", help="Of exact, horizon and distribution.")
    ] = "exact,horizon,distribution",
    equivalences: Annotated[
        list[str] | None,
        typer.Option("--within", metavar="NAME=MARGIN", help="Below which difference an observable counts as equal."),
    ] = None,
    preset: Annotated[str | None, typer.Option(metavar="NAME", help="Settings to start from, such as quick.")] = None,
    assignments: Assignments = None,
    config: ConfigFile = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="Which random draws.")] = None,
    device: Annotated[str | None, typer.Option(metavar="DEVICE", help="cpu, cuda or cuda:i; default: cpu.")] = None,
    dtype: Annotated[str | None, typer.Option(metavar="DTYPE", help="float64 or float32; default: float64.")] = None,
    workers: Workers = None,
    threads: Annotated[str | None, typer.Option(metavar="K", help="CPU threads of each worker; default: 1.")] = None,
    store: StorePath = None,
    download: Download = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show whether backends agree: exactly, along trajectories, and over seeds.

    Leaves with 0 if they are shown to agree, 1 if they differ, and 2 if it could not be shown.
    """
    from jamharness.cli.request import gather, refuse

    plugins = plugins_of(context)
    margins, unread = _margins(equivalences or [])
    named = _names(backends)
    options = {
        "backend": named[0] if named else None,
        "device": device,
        "download": "true" if download else None,
        "dtype": dtype,
        "preset": preset,
        "seed": seed,
        "store": store,
        "threads": threads,
        "workers": workers,
    }
    # The first backend stands for all while options are read; each is checked on its own later.
    options["backend"] = next((name for name in named if name in plugins.backends), reference)
    request = gather(
        plugins,
        protocols=protocols or [],
        assignments=assignments or [],
        config=config,
        name=None,
        options=options,
    )
    if unread:
        raise BadInput(*request.problems, *unread)
    refuse(request)
    keywords: dict[str, Any] = {
        key: value for key, value in request.keywords.items() if key not in ("backend", "name", "limit", "memory")
    }
    from jamharness.agreement import agree as compare
    from jamharness.render import agreement as rendering
    from jamharness.render.progress import display

    shown = display(quiet=quiet)
    keeper = Keeper(shown)
    with others_to_stderr(), _ctrl_c(keeper, request.keywords.get("store")), shown:
        agreement = compare(
            request.protocols,
            backends=named,
            reference=reference,
            kinds=_names(kinds),
            equivalences=margins,
            observer=keeper,
            say=(lambda _text: None) if quiet else say,
            draw=rendering.trajectories,
            **keywords,
        )
    if as_json:
        show_json(agreement.to_json())
    else:
        show(rendering.agreement(agreement))
    raise typer.Exit(agreement.exit)


@contextmanager
def _ctrl_c(keeper: Keeper, store: str | None) -> Iterator[None]:
    """Say what is kept and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        labels = [f"{name} ({counted(cells)})" for name, cells in keeper.cells.items()]
        if labels:
            runs = "run" if len(labels) == 1 else "runs"
            say(
                f"Interrupted. Kept in {store or 'jamharness-store'}: {runs} {', '.join(labels)}; "
                "the same command goes on from there."
            )
        else:
            say("Interrupted before any run began; nothing is kept, and the same command starts again.")
        raise typer.Exit(130) from None


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _margins(assignments: Sequence[str]) -> tuple[dict[str, float], list[str]]:
    margins, problems = {}, []
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        try:
            margins[name.strip()] = float(text)
        except ValueError:
            problems.append(f"--within {assignment!r}: write NAME=MARGIN, as in critical_ratio=0.25.")
    return margins, problems
