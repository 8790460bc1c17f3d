"""The command ``compare``."""

from typing import Annotated

import typer

from jamharness.cli.completing import run_names
from jamharness.cli.options import AsJson, Figures, StorePath
from jamharness.cli.output import others_to_stderr, show, show_json
from jamharness.cli.state import plugins_of
from jamharness.cli.stored import chosen_store, open_runs


def compare(
    context: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN…", help="The first is what the others are compared with.", autocompletion=run_names
        ),
    ],
    figures: Figures = "png",
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Show by how much the estimates of runs differ, and what was asked for differently.

    Leaves with 0 if there is any difference with an interval, and 1 if nothing can be compared.
    """
    from jamharness.running.comparing import compare_runs
    from jamharness.running.figures import check_formats

    problems: list[str] = []
    formats = check_formats(figures or "", problems)
    home, plugins = chosen_store(context, store), plugins_of(context)
    with others_to_stderr():
        runs = open_runs(names, home, plugins, problems)
        compared = compare_runs(runs, plugins, formats)
    if as_json:
        show_json(compared.to_json())
    else:
        from jamharness.render.comparing import comparison

        show(comparison(compared))
    raise typer.Exit(compared.exit)
