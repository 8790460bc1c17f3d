"""Progress while a run goes on: a live display on a terminal, a line now and then elsewhere."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.text import Text

from jamharness.api import Cell, FinishedCell, Json
from jamharness.render.prose import Line, Prose
from jamharness.render.screen import console
from jamharness.render.tally import Tally
from jamharness.render.texts import duration, plural

if TYPE_CHECKING:
    from jamharness.running.watching import Look

_PAUSE = 10.0
"""Seconds between two lines when there is no terminal."""
_SHOWN = 16
"""The most workers that are shown one by one."""


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
        self.tally.plan(waiting, running, done)

    def foreseen(self, protocol: str, look: "Look") -> None:  # noqa: ARG002
        """How far the protocol is."""
        self.tally.foresee(look)

    def said(self, cell: Cell, text: str) -> None:
        """A cell reports what it is doing."""
        self.tally.say(cell, text)

    def finished(self, protocol: str, finished: FinishedCell, reused: bool, seconds: float) -> None:  # noqa: ARG002
        """A cell is done."""
        self.tally.count(finished, reused, seconds)


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
            if words := self.tally.so_far():
                self._write(f"  {words}")
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
        words = list(tally.words.values())
        lines: list[RenderableType] = [Line(f"  {text}") for text in words[:_SHOWN]]
        if tally.running and not words:
            lines.append(Line(f"  {plural(tally.running, 'worker')} busy"))
        name = Text.assemble("Run ", (tally.run, "bold"), (f", {duration(tally.clock() - tally.begun)}", "dim"))
        fewest, most = tally.cells_left()
        bar = ProgressBar(total=max(1, tally.done + (fewest if most is None else most)), completed=tally.done, width=40)
        so_far = [Prose(text) for text in (tally.so_far(),) if text]
        # A bar alone does not end its line.
        return Group(Prose(name), Padding(bar, 0), *lines, *so_far, Prose(tally.line()))


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
