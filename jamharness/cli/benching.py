"""The command ``bench``."""

from typing import Annotated

import typer

from jamharness.cli.options import AsJson, Backends, ConfigFile
from jamharness.cli.output import others_to_stderr, show, show_json
from jamharness.cli.state import plugins_of


def bench(
    context: typer.Context,
    backends: Backends = None,
    width: Annotated[str, typer.Option(metavar="H", help="Units of each layer, and inputs.")] = "12",
    depth: Annotated[str, typer.Option(metavar="L", help="Hidden layers.")] = "3",
    load: Annotated[str, typer.Option(metavar="P/N_w", help="Patterns per weight.")] = "2.5",
    device: Annotated[str, typer.Option(metavar="DEVICE", help="cpu, cuda or cuda:i.")] = "cpu",
    dtype: Annotated[str, typer.Option(metavar="DTYPE", help="float64 or float32.")] = "float64",
    threads: Annotated[str, typer.Option(metavar="K", help="CPU threads.")] = "1",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Time the backends on this machine: single methods, and one minimisation."""
    from jamharness.benching import bench as measure
    from jamharness.cli.request import configuration

    plugins = plugins_of(context)
    files = configuration(config, plugins)
    problems: list[str] = []
    texts = {"width": width, "depth": depth, "threads": threads}
    numbers = {name: _whole(name, text, problems) for name, text in texts.items()}
    ratio = 1.0
    try:
        ratio = float(load)
    except ValueError:
        problems.append(f"--load {load!r}: give a number, such as 2.5.")
    names = [name.strip() for name in (backends or files.run.backend or "").split(",") if name.strip()]
    with others_to_stderr():
        benchmarks = measure(
            plugins, names, width=numbers["width"], depth=numbers["depth"], load=ratio, device=device, dtype=dtype,
            threads=numbers["threads"], interpreters=files.interpreters, unread=problems,
        )  # fmt: skip
    if as_json:
        show_json({"timings": [timing.to_json() for timing in benchmarks]})
    else:
        from jamharness.render.benching import timings

        show(timings(benchmarks, f"h = d = {width}, L = {depth}, P/N_w = {load}, {dtype}"))
    raise typer.Exit(int(any(timing.failure for timing in benchmarks)))


def _whole(name: str, text: str, problems: list[str]) -> int:
    try:
        return int(text)
    except ValueError:
        problems.append(f"--{name} {text!r}: give a whole number.")
        return 1
