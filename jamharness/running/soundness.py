"""What an analysis returned, looked at before anything of it is printed, drawn or recorded."""

import sys
from collections.abc import Callable, Iterator, Mapping
from numbers import Integral, Real
from typing import Any, cast

import numpy as np

from jamharness.api import Estimate, Findings


def faults_of(findings: Any) -> list[str]:
    """What makes the result of an analysis unusable, each fault a part of a sentence; none for sound ``Findings``.

    Arguments:
        findings: what ``analyse`` returned.
    """
    if not isinstance(findings, Findings):
        return [_not("it", "Findings", findings)]
    parts: dict[str, Callable[[str, Any], Iterator[str]]] = {
        "estimates": _estimate, "tables": _table, "arrays": _array, "samples": _samples, "resolution": _number,
    }  # fmt: skip
    faults = [fault for part, check in parts.items() for fault in _each(part, getattr(findings, part), check)]
    if not isinstance(objection := cast("Any", findings).objection, str):
        faults.append(_not("objection", "a text", objection))
    return faults


def _each(place: str, values: Any, check: Callable[[str, Any], Iterator[str]]) -> Iterator[str]:
    if not isinstance(values, Mapping):
        yield _not(place, "a mapping by name", values)
        return
    for name, value in values.items():
        if isinstance(name, str):
            yield from check(f"{place}[{name!r}]", value)
        else:
            yield _not(f"a key of {place}", "a text", name)


def _estimate(place: str, value: Any) -> Iterator[str]:
    if not isinstance(value, Estimate):
        yield _not(place, "an Estimate", value)
        return
    for end in ("value", "low", "high"):
        if getattr(value, end) is not None:
            yield from _number(f"{place}.{end}", getattr(value, end))
    if not isinstance(value.count, Integral):
        yield _not(f"{place}.count", "a whole number", value.count)
    if not isinstance(value.note, str):
        yield _not(f"{place}.note", "a text", value.note)


def _table(place: str, value: Any) -> Iterator[str]:
    # Where pandas has not been imported, nothing is of its classes.
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, pandas.DataFrame):
        yield _not(place, "a pandas table", value)


def _array(place: str, value: Any) -> Iterator[str]:
    if not isinstance(value, np.ndarray):
        yield _not(place, "a NumPy array", value)


def _samples(place: str, value: Any) -> Iterator[str]:
    yield from _each(place, value, _number)


def _number(place: str, value: Any) -> Iterator[str]:
    if not isinstance(value, Real) or isinstance(value, bool):
        yield _not(place, "a number", value)


def _not(place: str, expected: str, value: Any) -> str:
    return f"{place} must be {expected} and is of type {type(value).__name__}"
