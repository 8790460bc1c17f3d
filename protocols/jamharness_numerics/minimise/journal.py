"""The long calls of one measurement in their order, so that another process can go on from the middle of one.

A measurement is a deterministic sequence of calls, of Newton's method say. Gone on with, it is made again from its
beginning: calls that had ended return at once what they returned, and the one that had not goes on from its last state.
Which measurement a call belongs to is no argument of the mathematics: the journal is that of the context.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

import numpy as np

from jamharness.api import Array, CellResult, Checkpoints, Json

T = TypeVar("T")
State = Callable[[], CellResult]
"""Makes the state of a call, or its result, as plain values and arrays."""


@dataclass(eq=False)
class Call:
    """One call.

    Arguments:
        beginning: what it is known by: its function, a digest of where it begins, and its settings.
        state: how far it came in an earlier process, or its result; None where it begins now.
        ended: whether it is its result.
        journal: told of its states; None where nothing is kept.
    """

    beginning: Mapping[str, str]
    state: CellResult | None = None
    ended: bool = False
    journal: "Journal | None" = None

    def keep(self, state: State) -> None:
        """From here it can go on; cheap to call often."""
        if self.journal is not None:
            self.journal.keep(self, state, ended=False)

    def through(
        self, compute: Callable[[], T], packed: Callable[[T], CellResult], unpacked: Callable[[CellResult], T]
    ) -> T:
        """What it returns: what an earlier process kept of that, or what is computed now, and kept.

        Arguments:
            compute: the rest of the call, from ``state`` on where there is one.
            packed: the result as plain values and arrays.
            unpacked: the result again.
        """
        if self.state is not None and self.ended:
            return unpacked(self.state)
        result = compute()
        self.end(lambda: packed(result))
        return result

    def end(self, result: State) -> None:
        """What it returns."""
        if self.journal is not None:
            self.journal.keep(self, result, ended=True)


class Journal:
    """The calls of one measurement.

    Arguments:
        checkpoints: where they are kept; None to keep nothing.
    """

    def __init__(self, checkpoints: Checkpoints | None) -> None:
        self._checkpoints = checkpoints
        last = None if checkpoints is None else checkpoints.last()
        earlier: Any = 0.0 if last is None else last.values["seconds"]
        self.earlier: float = earlier
        """Seconds that earlier processes took up to the state that this one goes on from."""
        self._start = perf_counter()
        self._calls = [] if last is None else _unpacked(last, self)
        self._made = 0

    def begin(self, function: str, margin: float, w: Array, *settings: float | str | None) -> Call:
        """The next call; the one before it has ended.

        Arguments:
            function: its name.
            margin: κ.
            settings: what else it was called with.
            w: (N,) where it begins. Where an earlier process began elsewhere (its linear algebra rounded otherwise),
                what that did from here on is of no use.
        """
        if self._checkpoints is None:
            return _NONE
        where = hashlib.sha256(np.ascontiguousarray(w).tobytes()).hexdigest()
        text = " ".join(
            str(value) if value is None or isinstance(value, str) else float(value).hex() for value in settings
        )
        beginning = {"function": function, "margin": float(margin).hex(), "where": where, "settings": text}
        call = Call(beginning, journal=self)
        if self._made < len(self._calls) and self._calls[self._made].beginning == call.beginning:
            call = self._calls[self._made]
        else:
            self._calls[self._made :] = [call]
        self._made += 1
        return call

    def keep(self, call: Call, state: State, *, ended: bool) -> None:
        """What is known of the last call; earlier ones have ended."""
        if self._checkpoints is None:
            return
        if ended:
            call.state, call.ended = state(), True
            self._checkpoints.keep(lambda: self._packed(self._calls))
        else:
            self._checkpoints.keep(lambda: self._packed([*self._calls[:-1], Call(call.beginning, state())]))

    def _packed(self, calls: list[Call]) -> CellResult:
        values: list[Json] = []
        arrays: dict[str, Array] = {}
        for call in calls:
            if call.state is not None:
                arrays |= {f"{len(values)} {name}": array for name, array in call.state.arrays.items()}
                values.append({"beginning": call.beginning, "ended": call.ended, "values": call.state.values})
        return CellResult(
            values={"seconds": self.earlier + perf_counter() - self._start, "calls": values}, arrays=arrays
        )


_NONE = Call({})
_journal: ContextVar[Journal | None] = ContextVar("journal", default=None)


@contextmanager
def kept(checkpoints: Checkpoints | None) -> Iterator[Journal]:
    """The calls within are those of one measurement, whose journal it gives.

    Arguments:
        checkpoints: of its cell; None to keep nothing.
    """
    journal = Journal(checkpoints)
    token = _journal.set(journal)
    try:
        yield journal
    finally:
        _journal.reset(token)


def begin(function: str, margin: float, w: Array, *settings: float | str | None) -> Call:
    """The next call of the measurement at hand, as ``Journal.begin``; of none, one that keeps nothing."""
    journal = _journal.get()
    return _NONE if journal is None else journal.begin(function, margin, w, *settings)


def _unpacked(stored: CellResult, journal: Journal) -> list[Call]:
    calls: Any = stored.values["calls"]
    arrays: list[dict[str, Array]] = [{} for _ in calls]
    for name, array in stored.arrays.items():
        index, _, own = name.partition(" ")
        arrays[int(index)][own] = array
    return [
        Call(call["beginning"], CellResult(values=call["values"], arrays=own), call["ended"], journal)
        for call, own in zip(calls, arrays, strict=True)
    ]
