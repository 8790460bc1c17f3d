"""Options that several commands have."""

from typing import Annotated

import typer

from jamharness.api import BadInput
from jamharness.cli.completing import assignments, backend_names, protocol_names, run_names

MAIN_JOB = ("jamming", "spectrum", "margins")
"""What ``jamharness run`` does when no protocol is named: where the transition lies, and what is found there."""

Protocols = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PROTOCOL",
        help=f"What to measure; default: {', '.join(MAIN_JOB)}, as far as they know all that is set.",
        autocompletion=protocol_names,
    ),
]
Backend = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="What computes; see: jamharness plugins", autocompletion=backend_names),
]
Backends = Annotated[
    str | None, typer.Option(metavar="NAME,NAME", help="The backends to compare.", autocompletion=backend_names)
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting; see: jamharness protocols NAME. May be repeated.",
        autocompletion=assignments,
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
# Numbers are read by hand, to report all that is wrong at once.
Workers = Annotated[
    str | None, typer.Option(metavar="K", help="The most worker processes; default: as there are cores.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Compute on the workers of a Dask scheduler, such as tcp://node1:8786."),
]
Limit = Annotated[
    str | None,
    typer.Option(metavar="SECONDS", help="Stop a cell that takes longer, try it once more, then go on without it."),
]
Memory = Annotated[
    str | None, typer.Option(metavar="GIB", help="Stop a worker that uses more; its cell is tried once more likewise.")
]


def _folder(path: str | None) -> str | None:
    if path == "":
        raise BadInput("--store '' names no folder; give one, or leave the option out.")
    return path


StorePath = Annotated[
    str | None,
    typer.Option("--store", metavar="DIR", callback=_folder, help="Where results are kept; default: jamharness-store."),
]
Figures = Annotated[
    str | None,
    typer.Option("--figures", metavar="FORMAT,…", help="pdf, svg and png, in the style of a paper, or none."),
]
ConfigFile = Annotated[
    str | None, typer.Option("--config", metavar="FILE", help="A TOML file; it wins over ./jamharness.toml.")
]
Download = Annotated[
    bool, typer.Option("--download", help="Fetch the files of a data set that are missing; they are kept.")
]
RunNames = Annotated[
    list[str],
    typer.Argument(metavar="RUN…", help="Names of runs; see: jamharness runs", autocompletion=run_names),
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="The name of a run; see: jamharness runs", autocompletion=run_names)
]
