"""The command ``advise``: the protocol of that name, and its words."""

from pathlib import Path
from typing import Annotated, Any

import typer

from jamharness.cli.keeping import Keeper
from jamharness.cli.options import (
    AsJson,
    Assignments,
    Backend,
    ConfigFile,
    Download,
    Figures,
    Limit,
    Quiet,
    StorePath,
    Workers,
)
from jamharness.cli.output import others_to_stderr, show, show_json
from jamharness.cli.state import plugins_of

PROTOCOL = "advise"


def advise(
    context: typer.Context,
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="A file of one's own (.csv, .parquet, .npz or IDX), or a data set's name."),
    ],
    backend: Backend = None,
    assignments: Assignments = None,
    config: ConfigFile = None,
    workers: Workers = None,
    limit: Limit = None,
    store: StorePath = None,
    download: Download = False,
    figures: Figures = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Foretell, from a tenth of a data set, what all of it needs: a width, how many networks, time and test error.

    Leaves with 1 where that cannot be told.
    """
    from jamharness.cli.request import gather, refuse
    from jamharness.cli.running import interruptible
    from jamharness.render.advice import advice, rows_of
    from jamharness.render.progress import display
    from jamharness.running import run

    plugins = plugins_of(context)
    named = f"file:{data}" if data not in plugins.datasets and _is_path(data) else data
    request = gather(
        plugins,
        protocols=[PROTOCOL],
        assignments=[f"dataset={named}", *(assignments or [])],
        config=config,
        name=None,
        options={
            "backend": backend,
            "store": store,
            "workers": workers,
            "limit": limit,
            "download": "true" if download else None,
        },
    )
    refuse(request)
    keywords = request.keywords if figures is None else {**request.keywords, "figures": figures}
    shown = display(quiet=quiet)
    keeper = Keeper(shown)
    with others_to_stderr(), interruptible(keeper, {"store": request.keywords.get("store"), "config": config}), shown:
        finished = run([PROTOCOL], **keywords, observer=keeper)
    if as_json:
        records: Any = rows_of(finished.protocols[PROTOCOL])
        show_json({**finished.to_json(), "advice": records})
    else:
        show(advice(finished, PROTOCOL))
    raise typer.Exit(finished.exit)


def _is_path(data: str) -> bool:
    """Whether it reads as a path rather than as a misspelt name: it is there, or has a folder or an ending."""
    return not data.startswith("file:") and ("/" in data or "." in data or Path(data).exists())
