"""``--sweep KEY=A,B,C`` and ``[sweep]``: a run for each combination of values, and their comparison.

``--set width=3,4,5`` means one number for each layer, and keeps that meaning; so a sweep has an option of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jamharness.api import BadInput, Json, digest
from jamharness.cli.request import RunArguments, refuse
from jamharness.sweeps import Axis, combine, read_options

if TYPE_CHECKING:
    from jamharness.running import Run
    from jamharness.running.comparing import Comparison

COMPARED = 100
"""The most runs that are compared: beyond, no screen holds the table."""
_SHOWN = 20
"""Sentences after which the rest of a sweep is not checked any more."""
_NAMED = ("backend", "preset", "seed", "device", "dtype", "threads", "settings")


def stem(name: str | None, arguments: RunArguments) -> str:
    """What the names of all runs of a sweep begin with.

    Arguments:
        name: as typed; None for the protocols with a digest of what all runs are asked for.
        arguments: that, without any of the sweep's own settings.
    """
    if name is not None:
        return name
    identity: dict[str, Json] = {key: arguments.keywords.get(key) for key in _NAMED}
    return f"{'-'.join(arguments.protocols)[:60]}-{digest(identity)[:6]}"


def axes(arguments: RunArguments, sweeps: Sequence[str], assignments: Sequence[str], seed: str | None) -> list[Axis]:
    """What changes from run to run.

    Arguments:
        arguments: what was asked for, with the configuration's ``[sweep]``.
        sweeps: as typed after ``--sweep``.
        assignments: as typed after ``--set``.
        seed: as typed after ``--seed``; None where it was not.

    Raises:
        BadInput: all that is wrong with it.
    """
    fixed = [assignment.partition("=")[0].strip() for assignment in assignments]
    return combine(arguments.sweep, read_options(sweeps), fixed if seed is None else [*fixed, "seed"])


def check(requests: Iterable[RunArguments]) -> None:
    """Refuse a sweep before its first run if anything is wrong with any; nothing is kept of those that are sound.

    Raises:
        BadInput: all that is wrong, each sentence once.
    """
    from jamharness.running.request import check_request

    defaults: Mapping[str, Any] = {
        "preset": None, "seed": None, "device": "cpu", "dtype": "float64", "workers": None, "threads": 1, "store": None,
    }  # fmt: skip
    problems: dict[str, None] = {}
    names: dict[str, Sequence[str]] = {}
    for request in requests:
        try:
            refuse(request)
            keywords = {key: value for key, value in request.keywords.items() if key != "download"}
            check_request(request.protocols, **{**defaults, **keywords})
        except BadInput as error:
            problems |= dict.fromkeys(error.problems)
        name = request.keywords["name"]
        if name in names:
            problems[f"Two runs of the sweep would be called {name!r}; give values whose names differ."] = None
        names[name] = ()
        if len(problems) >= _SHOWN:
            break
    if problems:
        raise BadInput(*problems)


def carry_out(
    requests: "Iterable[RunArguments]", compute: "Callable[[RunArguments], Run]", formats: Sequence[str], runs: int
) -> "tuple[list[Run], Comparison | None]":
    """Compute the runs one after the other, each planned when it is its turn, and compare them with the first.

    Arguments:
        requests: what was checked.
        compute: computes one run.
        formats: of the comparison's figures.
        runs: how many there are; more than ``COMPARED`` are not compared, and their tables and arrays are let go.
    """
    from jamharness.running.comparing import compare_runs

    done: list[Run] = []
    plugins = None
    for request in requests:
        plugins = request.keywords["plugins"]
        run = compute(request)
        done.append(run if runs <= COMPARED else _light(run))
    assert plugins is not None
    return done, compare_runs(done, plugins, formats) if 1 < runs <= COMPARED else None


def _light(run: "Run") -> "Run":
    """A run without tables and arrays, which its store has."""
    parts = {
        name: replace(part, findings=replace(part.findings, tables={}, arrays={}))
        for name, part in run.protocols.items()
    }
    return replace(run, protocols=parts)


def with_advice(error: BadInput, assignments: Sequence[str], asked: "Callable[[list[str]], RunArguments]") -> BadInput:
    """The error, its sentences on values with commas ending in how to ask for a run with each, where each could run.

    Arguments:
        error: what is wrong.
        assignments: as typed after ``--set``.
        asked: what is asked for with others in their place.
    """
    advice = {}
    for place, assignment in enumerate(assignments):
        key, _, values = assignment.partition("=")
        start = f"{key.strip().rpartition('.')[2]} = "
        if "," not in values or not any(sentence.startswith(start) for sentence in error.problems):
            continue
        singles = [[*assignments[:place], f"{key}={value}", *assignments[place + 1 :]] for value in values.split(",")]
        if all(_sound(asked, single, start) for single in singles):
            advice[start] = f" For a run with each value: --sweep {assignment.strip()}"
    return BadInput(*(
        sentence + next((more for start, more in advice.items() if sentence.startswith(start)), "")
        for sentence in error.problems
    ))  # fmt: skip


def _sound(request_with: "Callable[[list[str]], RunArguments]", assignments: list[str], start: str) -> bool:
    """Whether nothing is wrong with one setting, whatever else is."""
    try:
        check([request_with(assignments)])
    except BadInput as error:
        return not any(sentence.startswith(start) for sentence in error.problems)
    return True
