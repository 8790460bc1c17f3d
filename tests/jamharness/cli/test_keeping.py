"""Between the runs and the display: all that is told is passed on, and a display that fails ends nothing."""

from typing import Any

from jamharness.api import Cell, CellResult, FinishedCell, Outlook
from jamharness.cli.keeping import Keeper
from jamharness.render.progress import display
from jamharness.running import Silent
from jamharness.running.watching import Look

SEEN = Look(outlook=Outlook(words="1 of 3 seeds bracketed", fewest=2, most=9))
CELL = Cell(task="toy", label="seed 0")


def tell(keeper: Any) -> None:
    """Everything that a run tells."""
    keeper.started("r", "toy", {})
    keeper.planned("toy", 2, 1, 0)
    keeper.said(CELL, "busy")
    keeper.foreseen("toy", SEEN)
    keeper.finished("toy", FinishedCell(cell=CELL, result=CellResult(values={})), False, 1.0)


def test_the_display_hears_everything() -> None:
    """How far the protocol is, too."""
    shown = display(quiet=True)
    tell(Keeper(shown))
    assert (shown.tally.look, shown.tally.running, len(shown.tally.times)) == (SEEN, 1, 1)
    assert shown.tally.so_far() == "1 of 3 seeds bracketed"


def test_a_display_need_not_ask_how_far_it_is() -> None:
    """The others of its methods are called all the same."""
    keeper = Keeper(Silent())
    tell(keeper)
    assert keeper.cells == {"r": 1}
