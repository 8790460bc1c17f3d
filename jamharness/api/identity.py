"""What things are known by: one text for one value, its digest, and the random numbers that it seeds."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def canonical_json(value: Json) -> str:
    """The same text for equal values: sorted keys, no spaces, shortest floats, NaN and infinities refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(value: Json) -> str:
    """The SHA-256 of the canonical JSON of a value, in hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def generator(*coordinates: Json) -> np.random.Generator:
    """A Philox generator seeded by a hash of the coordinates of what is drawn.

    Every backend, worker and machine gets the same bits for the same coordinates, in any order of drawing.

    Arguments:
        coordinates: JSON values that name the draw, such as ``("weights", seed, widths)``.
    """
    key = int(digest(list(coordinates))[:32], 16)
    return np.random.Generator(np.random.Philox(key=key))
