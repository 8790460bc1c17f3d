"""The instrument on solved problems: the same minimisers, approaches and estimators, where the answer is known."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import Cell, Findings, FinishedCell, Observable, Plot
from jamharness_protocols.calibration import analysis, figures, plots
from jamharness_protocols.calibration.observables import OBSERVABLES
from jamharness_protocols.calibration.registry import CALIBRATIONS
from jamharness_protocols.calibration.settings import CalibrationSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BATCHES = 12
"""Cells that the draws of one calibration are divided into: enough for the workers of a laptop to share."""


class CalibrationProtocol:
    """Truth, estimate, 95% interval, covered or not."""

    Settings = CalibrationSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"quick": {}, "paper": {"full": True}}
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: CalibrationSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """Every batch of draws that has not been tried."""
        tried = {(item.cell.coordinates["calibration"], item.cell.coordinates["batch"]) for item in done}
        return [cell for cell in _cells(settings) if _place(cell) not in tried]

    def analyse(self, settings: CalibrationSettings, done: Sequence[FinishedCell]) -> Findings:
        """The rows of all calibrations that have all their draws, and whether the instrument reads true."""
        planned = {name: sum(1 for cell in _cells(settings) if _place(cell)[0] == name) for name in settings.chosen}
        return analysis.analyse(planned, done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """Every row's distance from the truth in units of its interval."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)


def _place(cell: Cell) -> tuple[Any, Any]:
    return cell.coordinates["calibration"], cell.coordinates["batch"]


def _cells(settings: CalibrationSettings) -> Iterator[Cell]:
    for name in settings.chosen:
        draws = [dict(draw) for draw in CALIBRATIONS[name].draws(settings.full)]
        for batch in range(min(_BATCHES, len(draws))):
            # Every so many: each batch has its share of the large ones.
            mine = draws[batch::_BATCHES]
            yield Cell(
                task="calibration",
                coordinates={"calibration": name, "fault": settings.fault, "batch": batch, "draws": mine},
                label=f"{name}, {len(mine)} draws",
            )
