"""The command ``report``."""

from typing import Annotated

import typer

from jamharness.api import BadInput
from jamharness.cli.completing import run_names
from jamharness.cli.options import AsJson, StorePath
from jamharness.cli.output import others_to_stderr, show_json, show_lines
from jamharness.cli.state import plugins_of
from jamharness.cli.stored import chosen_store, open_runs


def report(
    context: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(metavar="RUN…", help="Runs of one store, shown beside each other.", autocompletion=run_names),
    ],
    page: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="Where the page goes; default: RUN.html."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Figures for print beside it too, as PDF.")] = False,
    png: Annotated[bool, typer.Option("--png", help="Likewise as PNG.")] = False,
    columns: Annotated[
        str | None,
        typer.Option(metavar="1|2", help="Columns of a journal that they take; default: as each is drawn."),
    ] = None,
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Write runs as one page for a browser, with everything in it: plots, tables, settings and commands.

    Leaves with 1 if a run of them has no answer or has not finished; the page says which.
    """
    from jamharness.paths import user_path
    from jamharness.reporting import make_report
    from jamharness.reporting.page import check_extra

    problems = []
    if columns not in (None, "1", "2"):
        problems.append(f"--columns {columns!r}: a journal has 1 or 2; give one of them, or leave it out.")
    elif columns and not (pdf or png):
        problems.append(f"--columns {columns}: it is the width of figures for print; add --pdf or --png.")
    target = user_path(page if page is not None else f"{'-'.join(names)[:100]}.html", "--output")
    if target.is_dir():
        problems.append(f"--output {str(target)!r} is a folder; name a file, as in {str(target / 'report.html')!r}.")
    try:
        check_extra()
    except BadInput as error:
        problems += error.problems
    plugins = plugins_of(context)
    with others_to_stderr():
        runs = open_runs(names, chosen_store(context, store), plugins, problems)
        formats = [name for name, wanted in (("pdf", pdf), ("png", png)) if wanted]
        finished_report = make_report(runs, plugins, target, formats, int(columns) if columns else None)
    if as_json:
        show_json(finished_report.to_json())
    else:
        show_lines(str(finished_report.page), *map(str, finished_report.figures))
    raise typer.Exit(max(run.exit for run in runs))
