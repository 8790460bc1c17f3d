"""Where lines of progress go while a task computes."""

import time
from collections.abc import Callable

_PAUSE = 0.1
"""Seconds between two lines that are passed on: a screen shows no more, and a pipe should carry no more."""

_LONGEST = 1000
"""Characters of a line that are passed on."""

_sink: Callable[[str], None] | None = None
_last = float("-inf")


def send_to(sink: Callable[[str], None] | None) -> None:
    """Set who receives the lines of this process; None for nobody."""
    global _sink, _last
    _sink, _last = sink, float("-inf")


def say(text: str) -> None:
    """Tell whoever waits for the current task what it is doing; of many lines in a short time the first is passed on.

    Arguments:
        text: one line.
    """
    global _last
    now = time.monotonic()
    if _sink is not None and now - _last >= _PAUSE:
        _last = now
        _sink(str(text).partition("\n")[0][:_LONGEST])
