"""Values as plain JSON types, so that what is stored, sent and hashed is the same everywhere."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jamharness.api import Json


def plain(value: Any, place: str) -> Json:
    """A value made of None, bool, int, float, str, lists and dicts alone; tuples become lists, NumPy numbers Python's.

    Arguments:
        value: what to convert.
        place: where it stands, for the message, such as ``"values"``.

    Raises:
        TypeError: something in it is none of these; the text names the place.
    """
    if value is None or isinstance(value, bool | np.bool_):
        return None if value is None else bool(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str)]
        if wrong:
            raise TypeError(f"{place} has the key {wrong[0]!r}; keys must be texts.")
        return {str.__str__(key): plain(item, f"{place}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    raise TypeError(
        f"{place} is a {type(value).__name__}; only JSON values are kept (arrays go into CellResult.arrays)."
    )
