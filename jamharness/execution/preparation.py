"""What a worker does before its first cell, so that imports do not count as part of a measurement."""

from jamharness.execution.job import Target, describe, preload


def prepare(target: Target, modules: tuple[str, ...]) -> None:
    """Start the backend, and import what the cells will need.

    Arguments:
        target: the backend.
        modules: those of the tasks; what is wrong with one is the error of the cell that needs it.

    Raises:
        BadInput: the device or dtype is not available here.
    """
    describe(target)
    for module in modules:
        preload(module)
