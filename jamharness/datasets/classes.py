"""Two classes out of several, by parity of the class number or by lists of names; or all of them as they are."""

import numpy as np
from numpy.typing import NDArray

from jamharness.api import BadInput, unknown_name

PARITY = "parity"
ALL = "all"
REST = "rest"
_SHOWN = 12
"""Classes that a sentence names, of many."""


def described(choice: str) -> str:
    """A choice in words, for the record of a run."""
    if choice == ALL:
        return "all, numbered from 0 in order"
    if choice == PARITY:
        return "parity of the class number: even −1, odd +1 (of two other classes, in order)"
    return f"{choice}: the first −1, the second +1"


def choice_problem(choice: str) -> str:
    """What is wrong with a choice of classes whatever the data hold; empty when nothing is."""
    if choice in (PARITY, ALL):
        return ""
    sides = _sides(choice)
    if len(sides) != 2 or not all(sides) or not all(all(side) for side in sides):
        return (
            f"classes = {choice!r}: must be parity, two lists of classes as in 0,1,2/7,8, one against the others as in "
            "7/rest, or all."
        )
    if [REST] in sides and sides.count([REST]) == 1:
        return ""
    both = sorted(set(sides[0]) & set(sides[1]))
    if both or REST in (*sides[0], *sides[1]):
        return f"classes = {choice!r}: {(both or [REST])[0]} must not stand on both sides, nor rest beside others."
    return ""


def halves(classes: NDArray[np.generic], choice: str) -> NDArray[np.int8]:
    """Which class each pattern is of: 0 for −1, 1 for +1, and −1 where it is of neither; its number among all.

    Arguments:
        classes: (n,) whole numbers or texts.
        choice: ``"parity"``: of whole numbers, even and odd; of two classes that this does not tell apart, such as −1
            and 1 or two names, the first and the second in order. ``"A,B/C"``: those named, first −1, then +1;
            ``"A/rest"`` and ``"rest/A"``: one list against all others. ``"all"``: 0, 1, 2, … in their order.

    Raises:
        BadInput: a choice that these classes do not allow.
    """
    names, index = np.unique(classes, return_inverse=True)
    if len(names) < 2:
        raise BadInput(f"classes: all labels are {names[0] if len(names) else 'missing'}; at least two are needed.")
    if choice == ALL:
        if len(names) > np.iinfo(np.int8).max:
            raise BadInput(f"classes = all: there are {len(names)} of them; at most {np.iinfo(np.int8).max} can be.")
        return np.asarray(index, dtype=np.int8)
    if choice == PARITY:
        whole = np.issubdtype(names.dtype, np.integer)
        side = names % 2 if whole else np.zeros(len(names), dtype=np.int8)
        if len(names) == 2 and side[0] == side[1]:
            side = np.array([0, 1])
        elif not whole:
            raise BadInput(
                f"classes = parity: the classes are no numbers but {_listing(names)}; say which are −1 and which +1, "
                f"as in classes={names[0]}/rest."
            )
    else:
        side = _sides_by_class(choice, [str(name) for name in names])
    for half, sign in ((0, "−1"), (1, "+1")):
        if half not in side:
            raise BadInput(f"classes = {choice!r}: no pattern is of class {sign}; there are {_listing(names)}.")
    return np.asarray(side, dtype=np.int8)[index]


def _sides_by_class(choice: str, names: list[str]) -> NDArray[np.int8]:
    sides = _sides(choice)
    unknown = [name for side in sides for name in side if name not in (*names, REST)]
    if unknown:
        raise BadInput(*(unknown_name("class", name, names[:_SHOWN]) for name in unknown))
    numbers = np.full(len(names), -1, dtype=np.int8)
    for half, side in enumerate(sides):
        if side == [REST]:
            numbers[[name not in sides[1 - half] for name in names]] = half
        else:
            numbers[[name in side for name in names]] = half
    return numbers


def _sides(choice: str) -> list[list[str]]:
    return [[name.strip() for name in side.split(",")] for side in choice.split("/")]


def _listing(names: NDArray[np.generic]) -> str:
    some = ", ".join(str(name) for name in names[:_SHOWN])
    return f"{some}, … ({len(names)} in all)" if len(names) > _SHOWN else some
