"""Some draws of one calibration."""

from collections.abc import Sequence

from jamharness.api import Backend, Cell, CellResult, Progress
from jamharness_protocols.calibration.registry import CALIBRATIONS


def measure(cell: Cell, _needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Compute the cell's draws, one after the other.

    Returns:
        values: ``draws``: what each draw gave, in their order.
    """
    at = cell.coordinates
    calibration, values = CALIBRATIONS[at["calibration"]], []
    for number, draw in enumerate(at["draws"], start=1):
        progress(f"draw {number} of {len(at['draws'])}")
        values.append(dict(calibration.measure(backend, {**draw, "fault": at["fault"]})))
    return CellResult(values={"draws": values})
