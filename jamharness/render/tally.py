"""What is known of a protocol that runs: how many cells, how far it is, and how long the rest may take."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING

from jamharness.api import Cell, FinishedCell, canonical_json
from jamharness.render.texts import in_short, span

if TYPE_CHECKING:
    from jamharness.running.watching import Look

_FEW = 3
"""Measured cells below which their own spread says nothing: then it is taken to be as large as their mean."""
_LEAST = 0.25
"""The shortest of the times that may be left, in units of the mean: it is never said to be over."""


@dataclass
class Tally:
    """What is known of the protocol that runs; the clock is given from outside, so that it can be tested.

    Arguments:
        clock: seconds that never go back.
        look: what the protocol last said of itself.
        words: by cell, what it is doing.
        begun_at: by cell, when it was first heard of.
        times: cost and seconds of every cell that was measured.
    """

    clock: Callable[[], float] = time.monotonic
    run: str = ""
    protocol: str = ""
    waiting: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    reused: int = 0
    busiest: int = 0
    begun: float = 0.0
    look: "Look | None" = None
    words: dict[str, str] = field(default_factory=dict)
    begun_at: dict[str, float] = field(default_factory=dict)
    times: list[tuple[float, float]] = field(default_factory=list)
    _first: int = 0
    _done_at_look: int = 0

    def start(self, run: str, protocol: str) -> None:
        """Begin to count for a protocol."""
        self.__dict__.update(Tally(clock=self.clock).__dict__)
        self.run, self.protocol, self.begun = run, protocol, self.clock()

    def plan(self, waiting: int, running: int, done: int) -> None:
        """The cells known so far."""
        self.waiting, self.running, self.done = waiting, running, done
        self.busiest = max(self.busiest, running)
        self._first = self._first or waiting + running + done

    def say(self, cell: Cell, text: str) -> None:
        """Note what a cell is doing."""
        key = key_of(cell)
        self.begun_at.setdefault(key, self.clock())
        # Another thread draws: the dictionary is replaced rather than changed.
        self.words = {**self.words, key: f"{cell.label}: {text}" if cell.label else text}

    def count(self, finished: FinishedCell, reused: bool, seconds: float) -> None:
        """Count a cell that is done."""
        finished_key = key_of(finished.cell)
        self.words = {key: words for key, words in self.words.items() if key != finished_key}
        self.begun_at.pop(finished_key, None)
        self.failed += finished.failure is not None
        self.reused += reused
        if not reused and finished.failure is None:
            self.times.append((max(finished.cell.cost, 0.0), seconds))

    def foresee(self, look: "Look") -> None:
        """Note how far the protocol says that it is."""
        self.look, self._done_at_look = look, self.done

    @property
    def left(self) -> int:
        """Cells that are known and not done."""
        return self.waiting + self.running

    def cells_left(self) -> tuple[int, int | None]:
        """The fewest and the most cells still to come; None where nobody can tell how many.

        Without a word of the protocol a plan that has grown may grow on.
        """
        if self.look is None:
            return self.left, self.left if self.left + self.done <= self._first else None
        outlook, since = self.look.outlook, self.done - self._done_at_look
        fewest = max(self.left, outlook.fewest - since)
        return fewest, None if outlook.most is None else max(fewest, outlook.most - since)

    def seconds_left(self) -> tuple[float, float | None] | None:
        """Between which times the cells still to come may take; None before the first was measured.

        A cell takes its cost at the pace of the others, give or take the spread of theirs; those that run are half
        done. The ends lie two standard deviations away: of the sum over cells, and of the pace itself. A cell that has
        run for long may run for as long again.
        """
        cost, seconds = (sum(column) for column in zip(*self.times, strict=True)) if self.times else (0.0, 0.0)
        if not cost:
            return None
        count = len(self.times)
        mean = seconds / count
        square = sum((spent - seconds * own / cost) ** 2 for own, spent in self.times)
        deviation = mean if count < _FEW else sqrt(square / (count - 1))
        costs = self.look.costs if self.look is not None and self.look.costs else [cost / count]
        each = seconds / cost * sum(costs) / len(costs)
        relative = deviation / mean if mean else 0.0

        def ends(cells: int) -> tuple[float, float]:
            whole = cells - self.running / 2
            reach = 2 * relative * each * sqrt(whole + whole**2 / count)
            # The last cells find fewer than all workers busy.
            workers = max(1, min(self.busiest, cells))
            return max(_LEAST * whole * each, whole * each - reach) / workers, (whole * each + reach) / workers

        fewest, most = self.cells_left()
        oldest = max((self.clock() - begun for begun in list(self.begun_at.values())), default=0.0)
        return ends(fewest)[0], None if most is None else max(ends(most)[1], oldest)

    def line(self) -> str:
        """Counts, and the time that is left, in one line."""
        parts = [f"{self.done} done"]
        if self.reused:
            parts.append(f"{self.reused} from the store")
        if self.failed:
            parts.append(f"{self.failed} failed")
        parts.append(f"{self.running} running")
        parts.append(f"{self.waiting} waiting")
        if self.left:
            times = self.seconds_left()
            parts.append("time left unknown" if times is None else f"{span(*times)} left")
        return f"{self.protocol}: {', '.join(parts)}"

    def so_far(self) -> str:
        """How far the protocol is in its own words, and its estimate so far; empty before it has said anything."""
        if self.look is None:
            return ""
        parts = [self.look.outlook.words] if self.look.outlook.words else []
        if self.look.estimate is not None:
            known = self.look.estimate.low is not None or self.look.estimate.high is not None
            parts.append(
                f"{self.look.name} so far {in_short(self.look.estimate)}{'' if known else ', no interval yet'}"
            )
        return "; ".join(parts)


def key_of(cell: Cell) -> str:
    """What a cell is known by."""
    return f"{cell.task} {canonical_json(dict(cell.coordinates))} {cell.system} {cell.dataset}"
