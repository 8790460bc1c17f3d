"""Numbers, intervals and times as short texts."""

import math

from jamharness.api import Estimate


def number(value: float | None, error: float | None = None) -> str:
    """A number with as many digits as its error leaves meaning to: two of the error, or four in all without one.

    Arguments:
        value: the number; None when there is none.
        error: about how far off it may be.
    """
    if value is None or math.isnan(value):
        return "–"
    if not math.isfinite(value):
        return str(value)
    if not error or not math.isfinite(error):
        return f"{value:.4g}"
    decimals = 1 - int(f"{error:.1e}".partition("e")[2])
    # Beyond these, the powers of ten are easier to read than the zeros.
    if decimals > 6 or abs(value) >= 1e7:
        return f"{value:.{max(1, min(16, decimals + math.floor(math.log10(abs(value) or 1.0)) + 1))}g}"
    return f"{value:.{max(0, decimals)}f}"


def interval(estimate: Estimate) -> str:
    """The 95% interval of an estimate, also when only one of its ends is known."""
    low, high = estimate.low, estimate.high
    error = half_width(estimate)
    if low is not None and high is not None:
        return f"{number(low, error)} to {number(high, error)}"
    if low is not None:
        return f"above {number(low)}"
    return f"below {number(high)}" if high is not None else "–"


def in_short(estimate: Estimate) -> str:
    """An estimate with its interval, for the middle of a line."""
    value = number(estimate.value, half_width(estimate))
    known = estimate.low is not None or estimate.high is not None
    return f"{value} ({interval(estimate)})" if known else value


def half_width(estimate: Estimate) -> float | None:
    """Half the width of the 95% interval; None when an end of it is not known."""
    if estimate.low is None or estimate.high is None:
        return None
    return (estimate.high - estimate.low) / 2


def duration(seconds: float) -> str:
    """A time in the two units that matter."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def span(low: float, high: float | None) -> str:
    """A time that is known roughly: ``"30 s to 2 min"``, ``"about 5 min"``, or ``"at least 1 min"``.

    Arguments:
        low: seconds.
        high: seconds; None where there is no telling.
    """
    if high is None:
        return f"at least {_roughly(low)}"
    ends = _roughly(low), _roughly(high)
    return f"about {ends[0]}" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _roughly(seconds: float) -> str:
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s" if seconds >= 2.5 else f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h" if seconds < 36000 else f"{round(seconds / 3600)} h"


def plural(count: int, noun: str) -> str:
    """A count and its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
