"""Options that several commands have."""

from typing import Annotated

import typer

from jamharness.api import BadInput

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
# Numbers are read by hand, to report all that is wrong at once.
Workers = Annotated[
    str | None, typer.Option(metavar="K", help="The most worker processes; default: as there are cores.")
]
Limit = Annotated[
    str | None,
    typer.Option(metavar="SECONDS", help="Stop a cell that takes longer, try it once more, then go on without it."),
]
Memory = Annotated[
    str | None, typer.Option(metavar="GIB", help="Stop a worker that uses more; its cell is tried once more likewise.")
]


def _named(path: str | None) -> str | None:
    if path == "":
        raise BadInput("--store '' names no folder; give one, or leave the option out.")
    return path


StorePath = Annotated[
    str | None,
    typer.Option("--store", metavar="DIR", callback=_named, help="Where results are kept; default: jamharness-store."),
]
ConfigFile = Annotated[
    str | None, typer.Option("--config", metavar="FILE", help="A TOML file; it wins over ./jamharness.toml.")
]
Download = Annotated[
    bool, typer.Option("--download", help="Fetch the files of a data set that are missing; they are kept.")
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="The name of a run; see: jamharness runs")]
