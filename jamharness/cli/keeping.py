"""What a command keeps when it is interrupted: told by the runs themselves while they go on."""

import logging
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jamharness.api import Cell, FinishedCell, Json

if TYPE_CHECKING:
    from jamharness.running import Observer
    from jamharness.running.watching import Look

log = logging.getLogger("jamharness")


class Keeper:
    """An observer between the runs and the display: it counts what is kept, and a display that fails ends nothing.

    Arguments:
        display: who shows what happens.
    """

    def __init__(self, display: "Observer") -> None:
        self._display: Observer | None = display
        self.cells: dict[str, int] = {}

    def started(self, run_name: str, protocol: str, settings: Mapping[str, Json]) -> None:
        """A protocol of a run begins."""
        self._run = run_name
        self.cells.setdefault(run_name, 0)
        self._pass_on(lambda display: display.started(run_name, protocol, settings))

    def planned(self, protocol: str, waiting: int, running: int, done: int) -> None:
        """The cells known so far."""
        self._pass_on(lambda display: display.planned(protocol, waiting, running, done))

    def foreseen(self, protocol: str, look: "Look") -> None:
        """How far the protocol is, for a display that wants to know."""

        def tell(display: "Observer") -> None:
            hear = getattr(display, "foreseen", None)
            if hear is not None:
                hear(protocol, look)

        self._pass_on(tell)

    def said(self, cell: Cell, text: str) -> None:
        """A cell reports what it is doing."""
        self._pass_on(lambda display: display.said(cell, text))

    def finished(self, protocol: str, finished: FinishedCell, reused: bool, seconds: float) -> None:
        """A cell is done: one that has a result is in the store."""
        self.cells[self._run] += finished.result is not None
        self._pass_on(lambda display: display.finished(protocol, finished, reused, seconds))

    def _pass_on(self, tell: "Callable[[Observer], None]") -> None:
        if self._display is None:
            return
        try:
            tell(self._display)
        except Exception:
            log.debug("The display failed and is switched off", exc_info=True)
            self._display = None


def command_line(*parts: str, store: str | Path | None = None, config: str | None = None) -> str:
    """A command as the user would type it again.

    Arguments:
        parts: what follows ``jamharness``.
        store: the folder that was named; None for none.
        config: the configuration that was named.
    """
    options = [("--store", store), ("--config", config)]
    arguments = [text for name, value in options if value is not None for text in (name, str(value))]
    return shlex.join(["jamharness", *parts, *arguments])


def counted(cells: int) -> str:
    """How many cells are kept, in words."""
    return "1 cell" if cells == 1 else f"{cells} cells"
