"""Which network a finished cell is of, and how its minimisation ended."""

from collections.abc import Sequence

from jamharness.api import Cell, FinishedCell, Network
from jamharness_protocols.generalisation.settings import EFFECTIVE, EVALUATION, STRIDE

Place = tuple[int, int, int, int]
"""The draw of the data, which of its networks, P and the width."""


def place_of(cell: Cell) -> Place | None:
    """Where a cell belongs; None for one that is not of a network of this protocol."""
    if not isinstance(cell.system, Network) or cell.dataset is None or not isinstance(cell.system.width, int):
        return None
    draw, at = cell.dataset.seed, cell.coordinates
    return draw, (at["seed"] - draw) // STRIDE, at["patterns"], cell.system.width


def outcomes(done: Sequence[FinishedCell]) -> dict[tuple[int, int, int], dict[int, str]]:
    """By draw, network and P, how the minimisation of each width ended.

    Arguments:
        done: finished cells in any order.
    """
    endings: dict[tuple[int, int, int], dict[int, str]] = {}
    for item in done:
        if item.cell.task in (EVALUATION, EFFECTIVE):
            continue  # its minimisation is among them too
        place = place_of(item.cell)
        if place is not None:
            outcome = str(item.result.values["outcome"]) if item.result else "failed"
            endings.setdefault(place[:3], {})[place[3]] = outcome
    return endings
