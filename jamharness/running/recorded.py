"""What a finished run printed, as its record keeps it: shown again as it was, beside what its cells give now."""

import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from jamharness.api import Estimate, Findings
from jamharness.store import Conclusion

log = logging.getLogger("jamharness")
_SAME = 1e-9
"""Relative to the estimate and its interval: another machine's sums may differ in the last bits, and nothing else."""
_NAMED = 3


def concluded(findings: Findings) -> Conclusion | None:
    """What a record keeps of a protocol's findings; None, with a warning, for findings that are none."""
    try:
        return Conclusion(
            estimates={str(name): _plain(estimate) for name, estimate in findings.estimates.items()},
            objection=str(findings.objection),
            samples={
                str(name): {str(sample): float(value) for sample, value in values.items()}
                for name, values in findings.samples.items()
            },
            resolution={str(name): float(value) for name, value in findings.resolution.items()},
        )
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        log.warning("What was estimated cannot be recorded (%s: %s).", type(error).__name__, error)
        return None


def restored(recorded: Conclusion, now: Findings) -> Findings:
    """Findings with the estimates that were recorded, and the tables and arrays that are analysed now."""
    return replace(
        now,
        estimates=dict(recorded.estimates),
        objection=recorded.objection,
        samples=recorded.samples,
        resolution=recorded.resolution,
    )


def difference(recorded: Conclusion, now: Findings, run: str) -> str:
    """One sentence on how an analysis of the same cells differs from what was recorded; empty if it does not.

    Arguments:
        recorded: when the run finished.
        now: analysed from all of its cells.
        run: the run's name.
    """
    news = list(_news(recorded.estimates, now.estimates))
    if not news and now.objection == recorded.objection:
        return ""
    more = f", and {len(news) - _NAMED} more" if len(news) > _NAMED else ""
    details = ": " + "; ".join(news[:_NAMED]) + more if news else ""
    text = (
        f"Analysed again, the cells of this run give something else than was recorded{details}. A newer version of the "
        "protocol or of a library can do that, or an edited cell; what was recorded is shown, and "
        f"'jamharness resume {run}' concludes anew."
    )
    return text if now.objection == recorded.objection else f"{text} {now.objection}".strip()


def _news(recorded: Mapping[str, Estimate], now: Mapping[str, Estimate]) -> Iterator[str]:
    for name in dict.fromkeys([*recorded, *now]):
        before, after = recorded.get(name), now.get(name)
        if before is None or after is None:
            yield f"{name}: {'not recorded, there now' if before is None else 'recorded, not there now'}"
        elif not same(before, after):
            yield f"{name}: {before.value} recorded, {after.value} now"


def _plain(estimate: Estimate) -> Estimate:
    value, low, high = (None if end is None else float(end) for end in (estimate.value, estimate.low, estimate.high))
    return Estimate(value=value, low=low, high=high, count=int(estimate.count), note=str(estimate.note))


def same(a: Estimate, b: Estimate) -> bool:
    """Whether two estimates are one, but for what another machine's sums may differ by."""
    a, b = _plain(a), _plain(b)
    ends = ((a.value, b.value), (a.low, b.low), (a.high, b.high))
    sizes = [abs(end) for pair in ends for end in pair if end is not None and math.isfinite(end)]
    tolerance = _SAME * max(sizes, default=0.0)
    return a.count == b.count and all(_close(first, second, tolerance) for first, second in ends)


def _close(a: float | None, b: float | None, tolerance: float) -> bool:
    if a is None or b is None:
        return a is b
    return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= tolerance
