"""The command ``conformance``."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from jamharness.api import DTYPES, BadInput, JamharnessError, Json, unknown_name
from jamharness.cli.completing import backend_names
from jamharness.cli.options import AsJson
from jamharness.cli.output import show_json
from jamharness.cli.state import plugins_of

COULD_NOT_RUN = 2


def conformance(
    context: typer.Context,
    backend: Annotated[
        str, typer.Argument(metavar="BACKEND", help="As jamharness plugins lists it.", autocompletion=backend_names)
    ],
    device: Annotated[str, typer.Option(metavar="DEVICE", help="cpu, cuda or cuda:i.")] = "cpu",
    dtypes: Annotated[
        list[str] | None, typer.Option("--dtype", metavar="DTYPE", help="float64 or float32; default: both.")
    ] = None,
    select: Annotated[
        str, typer.Option("-k", metavar="EXPR", help="Only tests whose names match, as pytest's -k.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Test a backend against the referee, finite differences and closed forms.

    Leaves with 0 if every test passed, 1 if one failed, and 2 if the suite could not run.
    """
    problems = [unknown_name("dtype", dtype, DTYPES) for dtype in dtypes or () if dtype not in DTYPES]
    try:
        plugins_of(context).backend(backend)
    except JamharnessError as error:
        problems += getattr(error, "problems", (str(error),))
    if find_spec("pytest") is None:
        problems.append('The suite needs pytest, which is not installed here; run: pip install "jamharness[test]"')
    if problems:
        raise BadInput(*problems)
    with TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        # In a process of its own: this one imports no framework and no pytest.
        command = [
            sys.executable, "-m", "jamharness.testing", backend, "--device", device, "--report", str(report),
            *(f"--dtype={dtype}" for dtype in dtypes or ()), *((f"-k={select}",) if select else ()),
        ]  # fmt: skip
        sys.stdout.flush()
        code = subprocess.run(command, check=False, stdout=sys.stderr if as_json else None).returncode  # noqa: S603
        if as_json and code != COULD_NOT_RUN and report.exists():
            document: dict[str, Json] = json.loads(report.read_text(encoding="utf-8"))
            show_json({"backend": backend, "device": device, "exit": code, **document})
    raise typer.Exit(code)
