"""From runs to a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamharness.api import BadInput, Json
from jamharness.plugins import Plugins
from jamharness.reporting.agreements import agreements_of
from jamharness.reporting.contents import Gathering
from jamharness.reporting.page import check_extra, render
from jamharness.running.comparing import compare_runs
from jamharness.running.experiments import load_protocol
from jamharness.running.figures import COLUMNS, file_name, images_of
from jamharness.store.files import explain, write_atomically

if TYPE_CHECKING:
    from jamharness.running import Run
    from jamharness.running.comparing import Comparison


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was written.

    Arguments:
        page: the file.
        figures: files for print.
        size: bytes of the page.
    """

    page: Path
    figures: Sequence[Path]
    size: int

    def to_json(self) -> dict[str, Json]:
        """The document that ``--json`` prints."""
        return {"report": str(self.page), "bytes": self.size, "figures": [str(path) for path in self.figures]}


def make_report(
    runs: "Sequence[Run]", plugins: Plugins, page: Path, formats: Sequence[str] = (), columns: int | None = None
) -> Report:
    """Write runs of one store as one page, and their figures for print into a folder beside it.

    Arguments:
        runs: from ``open_run``, each once.
        plugins: where their protocols come from.
        page: the file; one that is there is replaced.
        formats: of figures for print, of ``jamharness.running.figures.FORMATS``.
        columns: of a journal that each figure takes, 1 or 2; None for the width that the protocol draws it in.

    Raises:
        BadInput: something that a page is made of is not installed, a protocol is not there any more, or the files
            cannot be written.
    """
    check_extra()
    gathering = Gathering(runs, plugins)
    parts, figures = gathering.runs(), gathering.figures()
    names = [run.name for run in runs]
    agreements = agreements_of(runs[0].store, names)
    lines, estimates = gathering.estimates(), gathering.estimates_table()
    tables = [estimates, *(table for part in parts for table in part.tables)]
    tables += [table for each in agreements for table in each.tables]
    shown = {
        "title": " and ".join(names) if len(names) < 3 else f"{len(names)} runs",
        "names": names,
        "runs": parts,
        "published": [line for line in lines if line.published],
        "others": [line for line in lines if not line.published],
        "estimates": estimates,
        "figures": figures,
        "agreements": agreements,
        "comparison": _differences(compare_runs(runs, plugins, ())) if len(runs) > 1 else None,
        "version": version("jamharness"),
    }
    data = {
        "tables": {table.name: {"file": table.file, "csv": table.csv} for table in tables},
        "charts": {figure.name: figure.chart for figure in figures if figure.chart is not None},
        "runs": {part.name: [row for rows in part.settings.values() for row in rows if not row[2]] for part in parts},
    }
    text = render(shown, data)
    try:
        write_atomically(page, text)
    except OSError as error:
        raise BadInput(explain(error, f"Report {str(page)!r}")) from None
    return Report(page=page, figures=_for_print(runs, plugins, page, formats, columns), size=len(text))


def _differences(comparison: "Comparison") -> dict[str, Any]:
    """Differing settings, and differences from the first run that have an interval, as texts."""
    from jamharness.render.texts import number
    from jamharness.values import as_text

    settings = [
        (
            f"{row.protocol}.{row.name}" if row.protocol else row.name,
            ["–" if absent else as_text(value) for value, absent in zip(row.values, row.absent, strict=True)],
        )
        for row in comparison.settings
    ]
    differences = []
    for row in comparison.estimates:
        for run, difference in zip(comparison.runs[1:], row.differences, strict=True):
            if difference is not None:
                low, high = difference.interval(0.95)
                error = (high - low) / 2
                differences.append({
                    "name": f"{row.protocol}.{row.name}", "run": run, "value": number(difference.value, error),
                    "interval": f"{number(low, error)} to {number(high, error)}", "count": difference.count,
                    "how": "seed by seed" if difference.paired else "by intervals", "plain": low > 0 or high < 0,
                })  # fmt: skip
    return {"first": comparison.runs[0], "settings": settings, "differences": differences}


def _for_print(
    runs: "Sequence[Run]", plugins: Plugins, page: Path, formats: Sequence[str], columns: int | None
) -> list[Path]:
    width = None if columns is None else COLUMNS[columns]
    folder = page.with_name(f"{page.stem}-figures")
    written = []
    for run in runs if formats else ():
        for protocol, part in run.protocols.items():
            make = partial(load_protocol(plugins, protocol).draw, part.findings)
            for (name, kind), image in images_of(protocol, make, formats, width).items():
                written.append(folder / f"{file_name(run.name, file_name(protocol, name))}.{kind}")
                try:
                    write_atomically(written[-1], image)
                except OSError as error:
                    raise BadInput(explain(error, f"Figures folder {str(folder)!r}")) from None
    return written
