"""``--sweep KEY=A,B,C``: a run for each value, and their comparison.

``--set width=3,4,5`` means one number for each layer, and keeps that meaning; so a sweep has an option of its own.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from jamharness.api import BadInput, Json, digest
from jamharness.cli.request import Given, refuse

if TYPE_CHECKING:
    from jamharness.running import Run
    from jamharness.running.comparing import Comparison

_MOST = 100
"""Runs of one sweep: more are a slip of the keyboard."""
_NAMED = ("backend", "preset", "seed", "device", "dtype", "threads", "settings")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run of a sweep.

    Arguments:
        assignments: its own, each ``KEY=VALUE``.
        suffix: of its name.
    """

    assignments: tuple[str, ...]
    suffix: str


def points(sweeps: Sequence[str]) -> list[Point]:
    """The runs of a sweep: every combination of the values, the last varying fastest.

    Arguments:
        sweeps: each ``KEY=A,B,C``, or ``KEY=A;B;C`` where a value is a list itself.

    Raises:
        BadInput: one sentence for each that cannot be read.
    """
    axes, problems = [], []
    for sweep in sweeps:
        key, equals, text = (part.strip() for part in sweep.partition("="))
        values = [value.strip() for value in text.split(";" if ";" in text else ",")]
        if not key or not equals or not all(values):
            problems.append(f"--sweep {sweep!r} must read KEY=VALUE,VALUE, as in --sweep width=8,12,16.")
        elif len(set(values)) < len(values):
            problems.append(f"--sweep {sweep!r} names a value twice; name each once.")
        axes.append([(key, value) for value in values])
    keys = [axis[0][0] for axis in axes]
    problems += [f"--sweep {key} is given twice; give it once." for key in dict.fromkeys(keys) if keys.count(key) > 1]
    found = [
        Point(
            assignments=tuple(f"{key}={value}" for key, value in chosen),
            suffix="".join(f"-{_plain(key)}-{_plain(value)}" for key, value in chosen),
        )
        for chosen in product(*axes)
    ]
    if len(found) > _MOST:
        problems.append(f"--sweep: {len(found)} runs are too many; name at most {_MOST} combinations of values.")
    if problems:
        raise BadInput(*problems)
    return found


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "x", text)


def stem(name: str | None, given: Given) -> str:
    """What the names of all runs of a sweep begin with.

    Arguments:
        name: as typed; None for the protocols with a digest of what all runs are asked for.
        given: that, without any of the sweep's own settings.
    """
    if name is not None:
        return name
    asked: dict[str, Json] = {key: given.keywords.get(key) for key in _NAMED}
    return f"{'-'.join(given.protocols)[:60]}-{digest(asked)[:6]}"


def check(requests: Sequence[Given]) -> None:
    """Refuse a sweep before its first run if anything is wrong with any.

    Raises:
        BadInput: all that is wrong, each sentence once.
    """
    from jamharness.running.request import check_request

    defaults: Mapping[str, Any] = {
        "preset": None, "seed": None, "device": "cpu", "dtype": "float64", "workers": None, "threads": 1, "store": None,
    }  # fmt: skip
    problems: list[str] = []
    for given in requests:
        try:
            refuse(given)
            check_request(given.protocols, **{**defaults, **given.keywords})
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(*dict.fromkeys(problems))


def carry_out(
    requests: Sequence[Given], compute: "Callable[[Given], Run]", formats: Sequence[str]
) -> "tuple[list[Run], Comparison | None]":
    """Compute the runs one after the other, and compare them with the first.

    Arguments:
        requests: what was checked.
        compute: computes one run.
        formats: of the comparison's figures.
    """
    from jamharness.running.comparing import compare_runs

    runs = [compute(given) for given in requests]
    plugins = requests[0].keywords["plugins"]
    return runs, compare_runs(runs, plugins, formats) if len(runs) > 1 else None


def with_advice(error: BadInput, assignments: Sequence[str]) -> BadInput:
    """The error, its sentences on values with commas ending in how to ask for a run with each of them.

    Arguments:
        error: what is wrong.
        assignments: as typed after ``--set``.
    """
    advice = {}
    for assignment in assignments:
        key, _, values = assignment.partition("=")
        if "," in values:
            advice[f"{key.strip().rpartition('.')[2]} = "] = f" For a run with each value: --sweep {assignment.strip()}"
    return BadInput(*(
        sentence + next((more for start, more in advice.items() if sentence.startswith(start)), "")
        for sentence in error.problems
    ))  # fmt: skip
