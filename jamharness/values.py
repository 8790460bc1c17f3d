"""Values of settings: from Python, TOML or a text on the command line to the type of a dataclass field, and back."""

import math
import operator
import types
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from cattrs import Converter

from jamharness.api import SystemChoice

_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_WORDS = {int: "a whole number", float: "a finite number", bool: "true or false", str: "a text", type(None): "none",
          SystemChoice: "the name of a system"}  # fmt: skip
_LARGEST = 2**63 - 1
"""The largest whole number: those of NumPy and of every framework end there."""
_PLURALS = {int: "whole numbers", float: "finite numbers", bool: "true or false, several", str: "texts"}


def convert(value: Any, kind: Any) -> Any:
    """The value as an instance of a type.

    Arguments:
        value: a Python value, or a text such as ``"12"``, ``"12,10,8"``, ``"1e6"``, ``"yes"`` or ``"none"``.
        kind: int, float, bool, str, None, a tuple or a union of these.

    Raises:
        ValueError: it is not one.
        OverflowError: it is a number that is too large.
    """
    return _converter().structure(value, kind)


def allowed(kind: Any) -> str:
    """What values of a type look like, in words."""
    if _is_union(kind):
        return " or ".join(allowed(member) for member in get_args(kind))
    if _is_tuple(kind):
        item, *more = get_args(kind)
        plural = _PLURALS.get(item, "values")
        return f"{plural} separated by commas" if more == [...] else f"{1 + len(more)} {plural} separated by commas"
    return _WORDS.get(kind, getattr(kind, "__name__", str(kind)))


def as_text(value: Any) -> str:
    """A value as the user would type it, so that ``convert`` reads it back."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, tuple | list):
        return ",".join(as_text(item) for item in value)
    return str(value)


def types_of(kind: type[Any]) -> dict[str, Any]:
    """The type of each field of a dataclass, also where its annotations are texts."""
    return get_type_hints(kind)


@cache
def _converter() -> Converter:
    return new_converter()


def new_converter(*, forbid_extra_keys: bool = False) -> Converter:
    """A converter that reads the values above, and dataclasses of them.

    Arguments:
        forbid_extra_keys: whether a dataclass refuses names that it does not have.
    """
    converter = Converter(detailed_validation=False, forbid_extra_keys=forbid_extra_keys)
    converter.register_structure_hook(int, lambda value, _: _whole(value))
    converter.register_structure_hook(float, lambda value, _: _number(value))
    converter.register_structure_hook(bool, lambda value, _: _truth(value))
    converter.register_structure_hook(str, lambda value, _: _text(value))
    converter.register_structure_hook(type(None), lambda value, _: _nothing(value))
    converter.register_structure_hook_factory(_is_union, lambda kind: _union(converter, kind))
    converter.register_structure_hook_factory(_is_tuple, lambda kind: _tuple(converter, kind))
    return converter


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _is_tuple(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is tuple


def _union(converter: Converter, kind: Any) -> Callable[[Any, Any], Any]:
    # Every text is a text, and so it comes last.
    members = sorted(get_args(kind), key=lambda member: (member is str, member is not type(None)))

    def hook(value: Any, _: Any) -> Any:
        for member in members:
            try:
                return converter.structure(value, member)
            except (ValueError, TypeError):
                continue
        raise ValueError(value)

    return hook


def _tuple(converter: Converter, kind: Any) -> Callable[[Any, Any], Any]:
    arguments = get_args(kind)
    repeated = arguments[-1] is ...

    def hook(value: Any, _: Any) -> Any:
        if isinstance(value, str):
            value = [item.strip() for item in value.strip("()[] ").removesuffix(",").split(",")]
        elif not isinstance(value, Sequence):
            value = [value]
        if not repeated and len(value) != len(arguments):
            raise ValueError(value)
        items = arguments[:1] * len(value) if repeated else arguments
        return tuple(converter.structure(item, each) for item, each in zip(value, items, strict=True))

    return hook


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError(value)
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            value = float(value)  # 1e6 is a whole number
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError(value)
        value = int(value)
    number = operator.index(value)
    if abs(number) > _LARGEST:
        raise OverflowError(number)
    return number


def _number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(number := float(value)):
        raise ValueError(value)
    return number


def _truth(value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in _TRUTHS:
        return _TRUTHS[value.strip().lower()]
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def _nothing(value: Any) -> None:
    if value is not None and not (isinstance(value, str) and value.strip().lower() == "none"):
        raise ValueError(value)
