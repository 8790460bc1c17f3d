"""What an integration of the p-spin's equations of motion costs, and what its stated error is worth.

python benchmarks/mode_coupling.py

It takes a minute or two on one core. Memory is the peak of what allocators hand out during the last integration,
arrays and sparse matrices included.
"""

import tracemalloc
from time import perf_counter

import numpy as np
from jamharness_numerics.dynamics import (
    mode_coupling,
    relaxation,
    threshold_energy,
    two_spin_correlation,
    two_spin_energy,
)
from jamharness_numerics.dynamics.mode_coupling import LADDER
from jamharness_numerics.dynamics.quench import integrate

TIMES = (10.0, 100.0, 1000.0)
TOLERANCE = 1e-6


def grids() -> None:
    """Every grid against the exact solution of p = 2 up to t = 100."""
    print("p = 2, T = 0, t up to 100: error of C against the exact solution, grid by grid")
    print(f"{'order':>6}{'step':>8}{'rows':>7}{'nodes':>7}{'error of C':>12}{'error of E':>12}{'seconds':>9}")
    for resolution in LADDER:
        start = perf_counter()
        rows = integrate(2, 0.0, 100.0, resolution)
        late = rows.times >= 1e-3
        times = rows.times[late][:, None]
        correlation = np.abs(rows.correlation[late] - two_spin_correlation(times, times * rows.panels.nodes)).max()
        energy = np.abs(-rows.multiplier[late] / 2 - two_spin_energy(rows.times[late])).max()
        print(
            f"{resolution.order:>6}{resolution.step:>8}{len(rows.times):>7}{len(rows.panels.nodes):>7}{correlation:>12.1e}"
            f"{energy:>12.1e}{perf_counter() - start:>9.1f}"
        )


def costs() -> None:
    """p = 3 to later and later times."""
    print(f"\np = 3, T = 0, tolerance {TOLERANCE:g}: cost, and the exponent of E + 2/√3 over the last decade")
    heads = ("t", "error", "rows", "nodes", "seconds", "in all", "MB", "E(t)", "exponent", "from", "to")
    print("".join(f"{head:>11}" for head in heads))
    for time in TIMES:
        start = perf_counter()
        solution = mode_coupling(3, 0.0, time, tolerance=TOLERANCE)
        whole = perf_counter() - start
        late = solution.times >= time / 10
        power = relaxation(solution.times[late], solution.energy[late], threshold_energy(3), solution.error)
        cells = (
            f"{time:g}",
            f"{solution.error:.1e}",
            f"{len(solution.times)}",
            f"{len(solution.fractions)}",
            f"{solution.seconds:.1f}",
            f"{whole:.1f}",
            f"{_peak(time, len(solution.fractions)):.0f}",
            f"{solution.energy[-1]:.7f}",
            *(f"{value:.4f}" for value in (power.exponent, power.low, power.high)),
        )
        print("".join(f"{cell:>11}" for cell in cells), flush=True)


def _peak(time: float, nodes: int) -> float:
    """The peak of memory, in MB, of the grid with so many nodes."""
    for resolution in LADDER:
        tracemalloc.start()
        rows = integrate(3, 0.0, time, resolution)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        if len(rows.panels.nodes) == nodes:
            return peak
    return float("nan")


if __name__ == "__main__":
    grids()
    costs()
