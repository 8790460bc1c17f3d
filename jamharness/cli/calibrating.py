"""The command ``calibrate``: the protocol of that name, and its rows."""

from typing import Annotated, Any

import typer

from jamharness.cli.keeping import Keeper
from jamharness.cli.options import AsJson, Backend, ConfigFile, Quiet, StorePath, Workers
from jamharness.cli.output import others_to_stderr, show, show_json
from jamharness.cli.state import plugins_of

PROTOCOL = "calibration"


def calibrate(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Which calibrations; default: all of them.")
    ] = None,
    backend: Backend = None,
    full: Annotated[bool, typer.Option("--full", help="Many draws and larger systems: takes hours.")] = False,
    fault: Annotated[
        str | None, typer.Option(metavar="FAULT", help="Make the instrument wrong: margin, contact or estimator.")
    ] = None,
    config: ConfigFile = None,
    workers: Workers = None,
    store: StorePath = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Put in what is exactly solved, and see whether the instrument reads true.

    Leaves with 0 if it does, and with 1 if a truth is missed by more than chance allows.
    """
    from jamharness.cli.request import gather, refuse
    from jamharness.cli.running import interruptible
    from jamharness.render.calibration import rows
    from jamharness.render.progress import display
    from jamharness.running import run

    chosen = {"names": ",".join(names or []) or "none", "full": str(full).lower(), "fault": fault or "none"}
    request = gather(
        plugins_of(context),
        protocols=[PROTOCOL],
        assignments=[f"{key}={text}" for key, text in chosen.items()],
        config=config,
        name=None,
        options={"backend": backend, "store": store, "workers": workers},
    )
    refuse(request)
    again: dict[str, Any] = {"store": request.keywords.get("store"), "config": config}
    shown = display(quiet=quiet)
    keeper = Keeper(shown)
    with others_to_stderr(), interruptible(keeper, again), shown:
        finished = run([PROTOCOL], **request.keywords, observer=keeper)
    if as_json:
        records: Any = finished.tables[PROTOCOL]["rows"].to_dict("records")
        show_json({**finished.to_json(), "rows": records})
    else:
        show(rows(finished.protocols[PROTOCOL]))
    raise typer.Exit(finished.exit)
