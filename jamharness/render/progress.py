"""Progress while a run goes on: a live display on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from jamharness.api import Cell, FinishedCell, Json, canonical_json
from jamharness.render.screen import console
from jamharness.render.texts import duration, plural

_PAUSE = 10.0
"""Seconds between two lines when there is no terminal."""
_SHOWN = 16
"""The most workers that are shown one by one."""


@dataclass
class Tally:
    """What is known of the protocol that runs; the clock is given from outside, so that it can be tested.

    Arguments:
        clock: seconds that never go back.
    """

    clock: Callable[[], float] = time.monotonic
    run: str = ""
    protocol: str = ""
    waiting: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    reused: int = 0
    measured: int = 0
    words: dict[str, str] = field(default_factory=dict)
    begun: float = 0.0

    def start(self, run: str, protocol: str) -> None:
        """Begin to count for a protocol."""
        self.run, self.protocol, self.begun = run, protocol, self.clock()
        self.waiting = self.running = self.done = self.failed = self.reused = self.measured = 0
        self.words = {}

    def count(self, finished: FinishedCell, reused: bool) -> None:
        """Count a cell that is done."""
        gone = _key(finished.cell)
        self.words = {key: words for key, words in self.words.items() if key != gone}
        self.failed += finished.failure is not None
        self.reused += reused
        self.measured += not reused

    @property
    def left(self) -> int:
        """Cells that are known and not done."""
        return self.waiting + self.running

    def seconds_left(self) -> float | None:
        """How long the cells known so far will take at the pace so far; None before the first was measured.

        Those that run are taken as half done.
        """
        if not self.measured:
            return None
        return (self.clock() - self.begun) / self.measured * (self.waiting + self.running / 2)

    def line(self) -> str:
        """All of it in one line."""
        parts = [f"{self.done} done"]
        if self.reused:
            parts.append(f"{self.reused} from the store")
        if self.failed:
            parts.append(f"{self.failed} failed")
        parts.append(f"{self.running} running")
        parts.append(f"{self.waiting} waiting")
        seconds = self.seconds_left()
        if seconds is not None and self.left:
            parts.append(f"about {duration(seconds)} left")
        return f"{self.protocol}: {', '.join(parts)}"


class _Display:
    """What both displays share: the tally, kept up to date."""

    def __init__(self, tally: Tally | None = None) -> None:
        self.tally = tally or Tally()

    def __enter__(self) -> "_Display":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing to put back."""

    def started(self, run_name: str, protocol: str, settings: Mapping[str, Json]) -> None:  # noqa: ARG002
        """A protocol begins."""
        self.tally.start(run_name, protocol)

    def planned(self, protocol: str, waiting: int, running: int, done: int) -> None:  # noqa: ARG002
        """The cells known so far."""
        self.tally.waiting, self.tally.running, self.tally.done = waiting, running, done

    def said(self, cell: Cell, text: str) -> None:
        """A cell reports what it is doing."""
        self.tally.words = {**self.tally.words, _key(cell): f"{cell.label}: {text}" if cell.label else text}

    def finished(self, protocol: str, finished: FinishedCell, reused: bool, seconds: float) -> None:  # noqa: ARG002
        """A cell is done."""
        self.tally.count(finished, reused)


class Lines(_Display):
    """A line at the start, one for each failure, and one now and then: for logs.

    Arguments:
        write: takes a line.
        tally: what to count with.
        pause: seconds between two lines.
    """

    def __init__(self, write: Callable[[str], None], tally: Tally | None = None, pause: float = _PAUSE) -> None:
        super().__init__(tally)
        self._write, self._pause, self._next = write, pause, 0.0

    def started(self, run_name: str, protocol: str, settings: Mapping[str, Json]) -> None:
        """Say which run this is: it can be resumed under that name."""
        super().started(run_name, protocol, settings)
        self._write(f"Run {run_name}: {protocol}")
        self._next = self.tally.clock() + self._pause

    def planned(self, protocol: str, waiting: int, running: int, done: int) -> None:
        """Say how far it is, if the last line is old enough or nothing is left."""
        before = self.tally.done
        super().planned(protocol, waiting, running, done)
        self._tell(last=not self.tally.left and done != before)

    def said(self, cell: Cell, text: str) -> None:
        """Say how far it is, if the last line is old enough."""
        super().said(cell, text)
        self._tell()

    def finished(self, protocol: str, finished: FinishedCell, reused: bool, seconds: float) -> None:
        """Say what failed."""
        super().finished(protocol, finished, reused, seconds)
        if finished.failure is not None:
            self._write(f"{protocol}: {finished.cell.label or 'a cell'} failed: {finished.failure}")

    def _tell(self, *, last: bool = False) -> None:
        now = self.tally.clock()
        if now < self._next and not last:
            return
        self._next = now + self._pause
        self._write(self.tally.line())
        if not last:
            for words in list(self.tally.words.values())[:_SHOWN]:
                self._write(f"  {words}")


class Moving(_Display):
    """A display that is redrawn in place: what each worker tries, a bar, cells left and the time they take.

    Arguments:
        screen: a console on a terminal.
        tally: what to count with.
    """

    def __init__(self, screen: Console, tally: Tally | None = None) -> None:
        super().__init__(tally)
        self._live = Live(console=screen, get_renderable=self.picture, refresh_per_second=4, transient=True)

    def __enter__(self) -> "Moving":
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def finished(self, protocol: str, finished: FinishedCell, reused: bool, seconds: float) -> None:
        """Leave a line above the display for what failed."""
        super().finished(protocol, finished, reused, seconds)
        if finished.failure is not None:
            text = f"{protocol}: {finished.cell.label or 'a cell'} failed: {finished.failure}"
            self._live.console.print(Text(text, style="red"))

    def picture(self) -> RenderableType:
        """The display as it is now."""
        tally = self.tally
        if not tally.protocol:
            return Text("Checking what is asked for …", style="dim")
        # Another thread draws: ``said`` and ``count`` replace the dictionary rather than change it.
        words = list(tally.words.values())
        lines = [Text(f"  {each}", no_wrap=True, overflow="ellipsis") for each in words[:_SHOWN]]
        silent = tally.running - len(words)
        if silent > 0 and not words:
            lines.append(Text(f"  {plural(silent, 'worker')} busy", style="dim"))
        head = Table.grid(padding=(0, 1))
        name = Text.assemble("Run ", (tally.run, "bold"), (f", {duration(tally.clock() - tally.begun)}", "dim"))
        head.add_row(name, ProgressBar(total=max(1, tally.done + tally.left), completed=tally.done, width=24))
        return Group(head, *lines, Text(tally.line(), no_wrap=True, overflow="ellipsis"))


def _key(cell: Cell) -> str:
    return f"{cell.task} {canonical_json(dict(cell.coordinates))} {cell.system} {cell.dataset}"


def display(*, quiet: bool = False) -> _Display:
    """The display that suits standard error.

    Arguments:
        quiet: whether to show nothing at all.
    """
    screen = console(stderr=True)
    if quiet:
        return _Display()
    if screen.is_terminal:
        return Moving(screen)
    return Lines(lambda line: screen.print(line, soft_wrap=True))
