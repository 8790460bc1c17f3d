"""Sweeps: which settings change, in which steps, and together with which others.

An axis is one setting with its values, or several settings that change together; a sweep is every combination of the
steps of its axes. A run is put together only when it is reached.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from jamharness.api import BadInput
from jamharness.settings import shown
from jamharness.values import as_text

MOST = 10_000
"""Runs of one sweep: more are a slip of the keyboard."""
TOGETHER = "zip"
"""The key of ``[sweep]`` that holds tables of settings that change together."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Settings that change together.

    Arguments:
        keys: each as it stands before ``=``: ``"width"``, or ``"jamming.width"`` for one protocol alone.
        steps: one value for each key, as the user would type them.
    """

    keys: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run of a sweep.

    Arguments:
        assignments: its own, each ``KEY=VALUE``.
        suffix: of its name.
    """

    assignments: tuple[str, ...]
    suffix: str


def points(axes: Sequence[Axis]) -> Iterator[Point]:
    """The runs of a sweep, one by one: every combination of steps, those of the last axis varying fastest."""
    for chosen in product(*(axis.steps for axis in axes)):
        pairs = [
            (key, value)
            for axis, values in zip(axes, chosen, strict=True)
            for key, value in zip(axis.keys, values, strict=True)
        ]
        yield Point(
            assignments=tuple(f"{key}={value}" for key, value in pairs),
            suffix="".join(f"-{_plain(key)}-{_plain(value)}" for key, value in pairs),
        )


def count(axes: Sequence[Axis]) -> int:
    """How many runs a sweep has."""
    return prod(len(axis.steps) for axis in axes)


def read_options(sweeps: Sequence[str]) -> list[Axis]:
    """The axes that were typed after ``--sweep``.

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
        axes.append(Axis(keys=(key,), steps=tuple((value,) for value in values)))
    keys = [axis.keys[0] for axis in axes]
    problems += [f"--sweep {key} is given twice; give it once." for key in dict.fromkeys(keys) if keys.count(key) > 1]
    if problems:
        raise BadInput(*problems)
    return axes


def read_table(table: Mapping[str, Any], problems: list[str]) -> tuple[Axis, ...]:
    """The axes of a table ``[sweep]``.

    Arguments:
        table: ``KEY = [A, B]``, tables of those for one protocol each, and under ``zip`` tables of keys that change
            together.
        problems: where a sentence for everything that is wrong goes.

    Returns:
        Those with which nothing is wrong.
    """
    together = table.get(TOGETHER, [])
    if not isinstance(together, list) or not all(isinstance(each, dict) for each in together):
        problems.append(f"[sweep] {TOGETHER} must be tables, each written [[sweep.{TOGETHER}]].")
        together = []
    alone = _flat({key: value for key, value in table.items() if key != TOGETHER})
    axes = [_axis("[sweep]", {key: values}, problems) for key, values in alone.items()]
    axes += [_axis(f"[[sweep.{TOGETHER}]]", _flat(each), problems) for each in together]
    sound_axes = [axis for axis in axes if axis is not None]
    keys = [key for axis in sound_axes for key in axis.keys]
    problems += [
        f"[sweep] has {key} more than once; give it once." for key in dict.fromkeys(keys) if keys.count(key) > 1
    ]
    return tuple(sound_axes)


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a table and of those in it, as ``PROTOCOL.KEY``."""
    lists: dict[str, Any] = {}
    for key, value in table.items():
        lists |= {f"{key}.{own}": each for own, each in value.items()} if isinstance(value, dict) else {key: value}
    return lists


def _axis(place: str, lists: Mapping[str, Any], problems: list[str]) -> Axis | None:
    wrong = [
        f"{place} {key} = {shown(values)} must be a list of values, such as [8, 12, 16]."
        for key, values in lists.items()
        if not isinstance(values, list) or not values or not all(map(_is_value, values))
    ]
    if not wrong:
        texts = {key: [as_text(value) for value in values] for key, values in lists.items()}
        if len({len(values) for values in texts.values()}) > 1:
            lengths = ", ".join(f"{key} has {len(values)}" for key, values in texts.items())
            wrong.append(f"{place} needs as many values of each setting, because they change together; {lengths}.")
        elif not texts:
            wrong.append(f"{place} is empty; name a setting with its values, such as width = [8, 12, 16].")
        else:
            steps = tuple(zip(*texts.values(), strict=True))
            if len(set(steps)) == len(steps):
                return Axis(keys=tuple(texts), steps=steps)
            wrong.append(f"{place} {', '.join(texts)} names a step twice; name each once.")
    problems += wrong
    return None


def _is_value(value: object) -> bool:
    """Whether it is what a setting may have: a number, a text, true or false, or a list of those."""
    return isinstance(value, int | float | str) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, int | float | str) for item in value)
    )


def combine(planned: Sequence[Axis], typed: Sequence[Axis], fixed: Sequence[str]) -> list[Axis]:
    """The axes of a file, changed by what was typed: the order of all settings.

    Arguments:
        planned: those of ``[sweep]``.
        typed: those after ``--sweep``; each takes the place of the file's of the same key.
        fixed: keys that were typed with one value; the file's axes of these go.

    Raises:
        BadInput: one sentence for each key that changes together with others and was typed; or there are too many runs.
    """
    own = {axis.keys[0]: axis for axis in typed}
    axes, problems = [], []
    for axis in planned:
        typed_keys = [key for key in axis.keys if key in own or key in fixed]
        if typed_keys and len(axis.keys) > 1:
            others = ", ".join(key for key in axis.keys if key not in typed_keys) or "each other"
            problems.append(
                f"{typed_keys[0]} changes together with {others} in [[sweep.{TOGETHER}]] and cannot be typed alone."
            )
        elif not typed_keys:
            axes.append(axis)
        elif typed_keys[0] in own:
            axes.append(own.pop(typed_keys[0]))
    axes += own.values()
    if (runs := count(axes)) > MOST:
        problems.append(f"A sweep of {runs} runs is too long; name at most {MOST} combinations of values.")
    if problems:
        raise BadInput(*problems)
    return axes


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "x", text)
