"""How many patterns a data set has for training, and how many principal components."""

from collections.abc import Sequence

from jamharness.api import Backend, Cell, CellResult, Progress


def measure(cell: Cell, _needed: Sequence[CellResult], _backend: Backend, _progress: Progress) -> CellResult:
    """Count.

    Returns:
        values: ``patterns`` in balanced classes for training, ``test`` patterns, ``components`` of non-zero variance;
        None where the data set does not say.
    """
    assert cell.data is not None, "the host loads the data before measure"
    count = cell.data.description.get("components")
    components = count if isinstance(count, int) else None
    return CellResult(values={"patterns": len(cell.data.y), "test": len(cell.data.y_test), "components": components})
