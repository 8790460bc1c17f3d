"""Whether a document has the shape of a record: anybody may have written the file."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from jamharness.store.values import is_duration

Check = Callable[[Any], bool]
_PROTOCOL = re.compile(r"[a-z0-9][a-z0-9._-]*")
_KEY = re.compile(r"[0-9a-f]{2,64}")
_LARGEST = 2**53
"""Of a count: what every reader of JSON can hold."""


def check_shape(document: Any, statuses: tuple[str, ...]) -> None:
    """Refuse what is no record, before anything is made of it.

    Arguments:
        document: what the file holds.
        statuses: what a status may be.

    Raises:
        ValueError: it names the first part of wrong type; parts that this version does not know are not looked at.
    """
    if not isinstance(document, Mapping):
        raise ValueError("it holds no mapping")
    checks = _SHAPE | {"status": lambda value: value in statuses}
    for name, check in checks.items():
        if name in document and not check(document[name]):
            raise ValueError(f"{name} = {repr(document[name])[:80]}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _is_number(value: Any) -> bool:
    # A whole number beyond the floats would be one on which arithmetic fails.
    return isinstance(value, float) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST
    )


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _is_seed(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def _mapping_of(check: Check) -> Check:
    return lambda value: _is_mapping(value) and all(check(item) for item in value.values())


def _by_protocol(check: Check) -> Check:
    mapped = _mapping_of(check)
    return lambda value: mapped(value) and all(_PROTOCOL.fullmatch(name) for name in value)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _made_of(**checks: Check) -> Check:
    """A mapping with exactly these parts."""
    return lambda value: (
        isinstance(value, Mapping)
        and set(value) == set(checks)
        and all(check(value[name]) for name, check in checks.items())
    )


_number = _or_none(_is_number)
_estimate = _made_of(value=_number, low=_number, high=_number, count=_is_count, note=_is_text)
_claim = _made_of(
    digest=_is_text, document=_is_mapping, verdict=_is_text, reason=_is_text, deviations=_list_of(_is_text)
)
_SHAPE: dict[str, Check] = {
    **dict.fromkeys(("created", "problem", "backend", "device", "dtype", "version"), _is_text),
    "protocols": _by_protocol(_is_mapping),
    "preset": _or_none(_is_text),
    "seed": _is_seed,
    "threads": _is_count,
    "cells": _by_protocol(_list_of(lambda value: isinstance(value, str) and bool(_KEY.fullmatch(value)))),
    "failures": _by_protocol(_list_of(_made_of(cell=_is_mapping, label=_is_text, reason=_is_text, detail=_is_text))),
    "conclusions": _by_protocol(
        _made_of(
            estimates=_mapping_of(_estimate),
            objection=_is_text,
            samples=_mapping_of(_mapping_of(_is_number)),
            resolution=_mapping_of(_is_number),
        )
    ),
    "reused": _by_protocol(_is_count),
    "figures": _mapping_of(_is_text),
    "spent": _by_protocol(is_duration),
    "claim": lambda value: value == {} or _claim(value),
    "environment": _is_mapping,
    "process": lambda value: _is_mapping(value) and all(_is_text(value.get(part, "")) for part in ("user", "host")),
}
