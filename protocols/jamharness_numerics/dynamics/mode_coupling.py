"""The Cugliandolo–Kurchan equations to a stated error, by integrations that refine until two of them agree."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from jamharness.api import BadInput, Float64
from jamharness_numerics.dynamics.quench import START, Rows, integrate, interpolated
from jamharness_numerics.dynamics.two_times import Resolution

LADDER = (
    Resolution(order=7, step=0.14), Resolution(order=9, step=0.1), Resolution(order=10, step=0.08),
    Resolution(order=11, step=0.06), Resolution(order=13, step=0.045),
)  # fmt: skip
"""Grids from coarse to fine; docs/ageing.md prints the errors and costs of each."""
LATEST = 1e5
_COMPARED = 1e-3
"""The earliest time at which two integrations are compared; both are exact to more digits before."""


def _silent(_text: str) -> None:
    """Says nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModeCoupling:
    """C, R and μ of the spherical p-spin after a quench from a random start.

    Arguments:
        p, temperature: as asked for.
        times: t_k (K,), growing by a constant factor up to the time asked for.
        fractions: θ_j = t′/t (M,), from 0 to 1.
        correlation, response: C(t_k, θ_j t_k) and R, (K, M).
        multiplier: μ(t_k), (K,).
        error: the largest difference of C or E from the integration before, on a coarser grid: an upper estimate of the
            error of this one.
        tolerance: the error that was asked for.
        defect: the largest |C(t, t) − 1|.
        passes: evaluations of the equations for a row, over all rows.
        seconds: of the last integration alone.
    """

    p: int
    temperature: float
    times: Float64
    fractions: Float64
    correlation: Float64
    response: Float64
    multiplier: Float64
    error: float
    tolerance: float
    defect: float
    passes: int
    seconds: float
    rows: Rows

    @property
    def converged(self) -> bool:
        """Whether the error is below the tolerance."""
        return self.error <= self.tolerance

    @property
    def energy(self) -> Float64:
        """E(t_k) = (T − μ)/p per spin, (K,)."""
        return np.asarray((self.temperature - self.multiplier) / self.p)

    def energy_at(self, times: Float64) -> Float64:
        """E at any times up to the last, elementwise."""
        at = _checked(times, self.times[-1])
        return np.asarray(interpolated(self.rows, at.ravel()) @ self.energy).reshape(at.shape)

    def correlation_at(self, times: Float64, waiting: Float64) -> Float64:
        """C(t, t′), elementwise, for 0 ≤ t′ ≤ t up to the last time."""
        return self._two_times(self.correlation, times, waiting)

    def response_at(self, times: Float64, waiting: Float64) -> Float64:
        """R(t, t′), elementwise, for 0 ≤ t′ ≤ t up to the last time."""
        return self._two_times(self.response, times, waiting)

    def distance_at(self, waiting: Float64, lag: Float64) -> Float64:
        """Δ(t_w, t_w + t) = 2[1 − C(t_w + t, t_w)], elementwise."""
        start = np.asarray(waiting, dtype=np.float64)
        return 2 - 2 * self.correlation_at(start + np.asarray(lag, dtype=np.float64), start)

    def _two_times(self, values: Float64, times: Float64, waiting: Float64) -> Float64:
        late, early = np.broadcast_arrays(np.asarray(times, dtype=np.float64), np.asarray(waiting, dtype=np.float64))
        at, before = _checked(late.ravel(), self.times[-1]), early.ravel()
        if not np.all((before >= 0) & (before <= at)):
            raise BadInput("waiting times must lie between 0 and the times that follow them.")
        rows = interpolated(self.rows, at) @ values
        columns, weights = self.rows.panels.interpolation(before / at)
        return np.asarray(np.sum(np.take_along_axis(rows, columns, axis=1) * weights, axis=1)).reshape(late.shape)


def mode_coupling(
    p: int,
    temperature: float = 0.0,
    time: float = 100.0,
    tolerance: float = 1e-6,
    say: Callable[[str], None] = _silent,
) -> ModeCoupling:
    """Integrate the equations of the spherical p-spin, H = −Σ J s…s with ⟨J²⟩ = p!/(2N^(p−1)), after a quench.

    Memory and time grow as powers of log t: M ∝ log t nodes and as many rows, each a few solutions of M equations.

    Arguments:
        p: at least 2.
        temperature: T of the bath from t = 0 on; 0 is gradient descent.
        time: the last time, up to 1e5.
        tolerance: of C and E, 1e-9 to 1e-2; the grid is refined until two integrations differ by less, or none is left.
        say: told the error of each.

    Returns:
        The finest integration; ``converged`` says whether its ``error`` is below the tolerance.

    Raises:
        BadInput: all that cannot be.
        FloatingPointError: a row has no fixed point that can be found.
    """
    problems = []
    if p not in range(2, 101):
        problems.append(f"p = {p}: it must be a whole number from 2 to 100.")
    if not 0 <= temperature <= 100:
        problems.append(f"temperature = {temperature}: it must lie between 0 and 100.")
    if not 0.01 <= time <= LATEST:
        problems.append(f"time = {time}: the last time must lie between 0.01 and {LATEST:g}.")
    if not 1e-9 <= tolerance <= 1e-2:
        problems.append(f"tolerance = {tolerance}: it must lie between 1e-9 and 1e-2.")
    if problems:
        raise BadInput(*problems)
    before: ModeCoupling | None = None
    for resolution in LADDER:
        start = perf_counter()
        rows = integrate(p, temperature, time, resolution)
        solution = ModeCoupling(
            p=p, temperature=temperature, times=rows.times, fractions=rows.panels.nodes, correlation=rows.correlation,
            response=rows.response, multiplier=rows.multiplier, error=float("inf"), tolerance=tolerance,
            defect=float(np.abs(rows.correlation[:, -1] - 1).max()), passes=int(rows.passes.sum()),
            seconds=perf_counter() - start, rows=rows,
        )  # fmt: skip
        solution = _with_error(solution, before)
        say(
            f"{len(solution.times)} rows of {len(solution.fractions)} nodes: "
            f"error {solution.error:.1e}, {solution.seconds:.1f} s"
        )
        if solution.converged:
            break
        before = solution
    return solution


def _with_error(solution: ModeCoupling, before: ModeCoupling | None) -> ModeCoupling:
    """With the largest difference from the integration before, at the places of that one's grid."""
    if before is None:
        return solution
    late = before.times[before.times >= min(_COMPARED, before.times[-1])]
    times = np.repeat(late[:, None], len(before.fractions), axis=1)
    own = solution.correlation_at(times, times * before.fractions)
    error = float(np.abs(own - before.correlation[-len(late) :]).max())
    return replace(
        solution, error=max(error, float(np.abs(solution.energy_at(late) - before.energy[-len(late) :]).max()))
    )


def _checked(times: Float64, last: float) -> Float64:
    at = np.asarray(times, dtype=np.float64)
    if not np.all((at >= 0) & (at <= last * (1 + 1e-12))):
        raise BadInput(f"times must lie between 0 and the last one, {last:g}.")
    return np.asarray(np.maximum(at, START * min(1.0, last)))
