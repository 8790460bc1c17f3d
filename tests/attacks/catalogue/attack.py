"""What an attack is."""

from collections.abc import Callable
from dataclasses import dataclass

from catalogue.place import Place


@dataclass(frozen=True, kw_only=True)
class Attack:
    """Something that strangers did.

    Arguments:
        name: what they did.
        do: does it, by commands that are judged as they end.
        whole: whether the store holds the finished runs before.
        again: whether the same request is made once more afterwards; not needed where nothing has changed.
        quick: whether it is one of those that every test run makes; the others need JAMHARNESS_FULL.
    """

    name: str
    do: Callable[[Place], object]
    whole: bool = True
    again: bool = True
    quick: bool = False
