"""Values as plain JSON types."""

import enum
from types import MappingProxyType

import numpy as np
import pytest

from jamharness.execution.plain import plain


class Colour(enum.StrEnum):
    RED = "red"


def test_numbers_of_numpy_become_pythons() -> None:
    """Exactly: types that a JSON file gives back."""
    value = {
        "a": (np.float64(0.1), np.float32(0.5), np.longdouble(2)),
        "b": MappingProxyType({"c": [np.int64(3), np.bool_(True), None, np.str_("x"), Colour.RED]}),
    }
    converted = plain(value, "values")
    assert converted == {"a": [0.1, 0.5, 2.0], "b": {"c": [3, True, None, "x", "red"]}}
    assert {type(item) for item in converted["a"]} == {float}  # type: ignore[index, call-overload, union-attr]
    assert [type(item) for item in converted["b"]["c"]] == [int, bool, type(None), str, str]  # type: ignore[index, call-overload, union-attr]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"x": [1, np.zeros(2)]}, r"values\['x'\]\[1\] is a ndarray"),
        ({"x": {1: 2}}, r"values\['x'\] has the key 1"),
        ({"x": 1j}, r"values\['x'\] is a complex"),
    ],
)
def test_anything_else_is_refused_by_its_place(value: object, place: str) -> None:
    """Arrays have a place of their own."""
    with pytest.raises(TypeError, match=place):
        plain(value, "values")
