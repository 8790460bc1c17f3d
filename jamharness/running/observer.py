"""Who watches a run: the progress display, or nobody."""

from collections.abc import Mapping
from typing import Protocol

from jamharness.api import Cell, FinishedCell, Json


class Observer(Protocol):
    """Told what happens while it happens, in the thread that called ``run``.

    One that also has ``foreseen(protocol, look)`` is told now and then how far the protocol is, as a
    ``jamharness.running.watching.Look``.
    """

    def started(self, run_name: str, protocol: str, settings: Mapping[str, Json]) -> None:
        """A protocol begins."""

    def planned(self, protocol: str, waiting: int, running: int, done: int) -> None:
        """The cells known so far: not begun, in workers, and finished or failed."""

    def said(self, cell: Cell, text: str) -> None:
        """A cell reports what it is doing, in one line."""

    def finished(self, protocol: str, finished: FinishedCell, reused: bool, seconds: float) -> None:
        """A cell is done: measured or failed now, or found in the store. The seconds are those of its measurement."""


class Silent:
    """The observer that does nothing."""

    def started(self, run_name: str, protocol: str, settings: Mapping[str, Json]) -> None:
        """Do nothing."""

    def planned(self, protocol: str, waiting: int, running: int, done: int) -> None:
        """Do nothing."""

    def said(self, cell: Cell, text: str) -> None:
        """Do nothing."""

    def finished(self, protocol: str, finished: FinishedCell, reused: bool, seconds: float) -> None:
        """Do nothing."""
