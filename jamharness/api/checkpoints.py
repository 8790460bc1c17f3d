"""What a long measurement has computed so far, kept outside its process."""

from collections.abc import Callable
from typing import Protocol

from jamharness.api.cells import CellResult


class Checkpoints(Protocol):
    """The last state of one cell that is not finished; another process goes on from it when this one is ended.

    A measurement that goes on from a state must end in the numbers of one that was never ended, bit by bit.
    """

    def last(self) -> CellResult | None:
        """The state that an earlier process left, plain values and arrays as in a result; None where there is none."""
        ...

    def keep(self, state: Callable[[], CellResult]) -> None:
        """Keep a state in place of the one before, if long enough has passed since; cheap to call often.

        Arguments:
            state: makes it; called only when it is written.
        """
        ...
