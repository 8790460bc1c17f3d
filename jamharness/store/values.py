"""Values as strict JSON that comes back as it was, NaN and infinities included."""

import json
import math
from collections.abc import Mapping, Sequence

from jamharness.api import Json

_FLOAT = "$float"
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def encode(value: Json) -> Json:
    """The value with every non-finite float as ``{"$float": "nan"}``, so that strict JSON can hold it."""
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: str(float(value))}
    if isinstance(value, Mapping):
        # A key of the user's own that begins with $ gets another one, so that nothing is mistaken for a float.
        return {f"${key}" if key.startswith("$") else key: encode(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [encode(item) for item in value]
    return value


def decode(value: Json) -> Json:
    """The inverse of ``encode``; tuples come back as lists.

    Raises:
        ValueError: ``encode`` cannot have written it.
    """
    if isinstance(value, Mapping):
        if _FLOAT in value:
            name = value[_FLOAT]
            if len(value) != 1 or not isinstance(name, str) or name not in _SPECIAL:
                raise ValueError(f"{value!r} is no float")
            return _SPECIAL[name]
        return {key.removeprefix("$"): decode(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [decode(item) for item in value]
    return value


def strict_json(value: Json) -> bytes:
    """JSON without NaN, its keys in their order: the order of columns in a table is worth keeping."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


_LONGEST = 1e12
"""Seconds: longer than anything has run, and a number that can be added to others."""


def is_duration(value: object) -> bool:
    """Whether a value is a number of seconds, and no NaN, infinity or text."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST


def finite_or_none(value: Json) -> Json:
    """The value, or None for a NaN or an infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
