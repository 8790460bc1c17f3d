"""How many tasks travel together: a conversation with a scheduler takes longer than a short task does."""

from collections import deque

_MOST = 8
"""Tasks that travel together at most."""
_TOGETHER = 0.1
"""Seconds that tasks which travel together take in the mean: so long may the result of the first wait for the last."""
_REMEMBERED = 64
"""Tasks that are looked back at: while one among them took 6.4 s, each travels alone."""


class Pace:
    """What the last tasks took, in the mean: one long task counts, a machine that was busy for a moment hardly does."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)

    def took(self, seconds: float, tasks: int) -> None:
        """Remember that tasks which travelled together took so many seconds.

        Arguments:
            seconds: of all of them.
            tasks: how many.
        """
        self._seconds.extend([seconds / tasks] * tasks)

    @property
    def together(self) -> int:
        """How many of the next tasks may travel together; 1 until a few are known."""
        if len(self._seconds) < _MOST:
            return 1
        mean = sum(self._seconds) / len(self._seconds)
        return max(1, min(_MOST, int(_TOGETHER / max(mean, 1e-9))))
