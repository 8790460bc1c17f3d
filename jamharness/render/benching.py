"""The timings of ``jamharness bench``."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.benching import Timing
from jamharness.render.prose import Prose
from jamharness.render.screen import table
from jamharness.render.verdicts import verdict


def timings(benchmarks: Sequence[Timing], shape: str) -> RenderableType:
    """One column for each backend; times relative to the first in brackets."""
    done = [timing for timing in benchmarks if timing.seconds]
    notes = [Prose(Text(f"{timing.backend}: {timing.failure}", style="red")) for timing in benchmarks if timing.failure]
    if not done:
        return Group(*notes)
    grid = table(f"{shape}!", *(f"{timing.backend}>" for timing in done))
    first = done[0].seconds or {}
    for name in first:
        values = [(timing.seconds or {}).get(name, 0.0) for timing in done]
        grid.add_row(name, *_cells(values))
    grid.add_row("jamming, one run", *_cells([timing.verdict for timing in done]))
    grid.add_row("  ends", *(verdict(timing.outcome) for timing in done))
    rate = Prose(f"Matrix products in NumPy: {done[0].rate:.0f} GF/s with as many threads.")
    return Group(grid, rate, *notes)


def _cells(values: Sequence[float]) -> list[str]:
    return [_time(value) + ("" if index == 0 else f" ({value / values[0]:.1f}×)") for index, value in enumerate(values)]


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
