"""One integration of the two-time equations of the spherical p-spin after a quench, at one resolution.

With R the response, Σ = f₂(C) R and D = f₁(C), the equations of Cugliandolo and Kurchan (Phys. Rev. Lett. 71, 173) are

    ∂R(t,v)/∂v = μ(v) R(t,v) − ∫_v^t R(t,u) Σ(u,v) du,        R(t,t) = 1
    C(t,v) = R(t,0) R(v,0) + ∫₀^v R(v,s) [∫₀^t R(t,u) D(u,s) du + 2T R(t,s)] ds
    μ(t) = T + p ∫₀^t f₁(C(t,s)) R(t,s) ds

in the form in which a whole row t follows from the rows before it and from itself: no step in t is taken, so that rows
may lie far apart where C and R vary slowly in log t. A row is a fixed point, found by Anderson's mixing; with it
C(t,t) = 1, which is imposed nowhere, measures the error.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from jamharness.api import Float64
from jamharness_numerics.dynamics.panels import Panels, lagrange, rows_of
from jamharness_numerics.dynamics.two_times import STENCIL, Resolution, TwoTimes

START = 1e-6
"""Before it C = R = 1 − T(t − t′) and μ = T + p²t/2, to within a few times its square."""
UNIT = 0.5
"""The narrowest panels are no wider than that at the last time, in units of time: R falls off at a rate of up to 2μ."""
_FIXED = 1e-11
"""The change of a row at which it counts as a fixed point: below what any resolution resolves."""
_PASSES = 300
_DEPTH = 8
"""Steps that the mixing remembers (Walker and Ni, SIAM J. Numer. Anal. 49, 1715, 2011)."""
_EXTRAPOLATED = 4
"""Rows that the first guess of the next one is made of."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """C and R at times t_k and θ_j t_k.

    Arguments:
        times: (K,) rising.
        correlation, response: (K, M).
        multiplier: μ (K,).
        panels: of θ.
        passes: evaluations of the equations for each row, (K,).
    """

    times: Float64
    correlation: Float64
    response: Float64
    multiplier: Float64
    panels: Panels
    passes: Float64


class _Row:
    """The equations of one row, given those before it."""

    def __init__(self, grid: TwoTimes, p: int, temperature: float, time: float, past: tuple[Float64, ...]) -> None:
        self.grid, self.p, self.temperature, self.time = grid, p, temperature, time
        self.past, self.count = past, grid.panels.count
        theta, weights = grid.panels.nodes, grid.panels.weights
        self.above = time * (1 - theta)[:, None] * weights
        self.below = time * theta[:, None] * weights
        self.onward = time * (weights - grid.panels.cumulative)
        self.pairs = [grid.old @ rows.ravel() for rows in past[:2]]

    def _pairs(self, which: int, row: Float64) -> Float64:
        """C or R at all pairs (u, v), (M, M)."""
        values = self.pairs[which].copy()
        values[self.grid.touched] += self.grid.new @ row
        values[0] = 1.0  # both at 0
        return values.reshape(self.count, self.count)

    def _at_nodes(self, which: int, newest: Float64) -> Float64:
        """The rows of all times θ_i t, (M, M), or μ there (M,)."""
        past = self.past[which]
        history = self.grid.at_nodes[:, :-1] @ past
        return np.asarray(history + np.multiply.outer(self.grid.at_nodes[:, -1], newest))

    def once(self, state: Float64) -> Float64:
        """From a guess of (C, R, μ) of this row, (2M + 1,), to what the equations make of it."""
        grid, p, count, time = self.grid, self.p, self.count, self.time
        correlation, response, multiplier = state[:count], state[count:-1], state[-1]
        pairs_c, pairs_r = self._pairs(0, correlation), self._pairs(1, response)
        nodes_c, nodes_r = self._at_nodes(0, correlation), self._at_nodes(1, response)
        nodes_c[0] = nodes_r[0] = 1.0
        mu = self._at_nodes(2, multiplier)
        mu[0] = self.temperature
        memory = grid.summed(self.above * (p * (p - 1) / 2) * pairs_c ** (p - 2) * pairs_r)
        new_r = np.linalg.solve(np.eye(count) + self.onward @ (np.diag(mu) - memory), np.ones(count))
        later, products = ((matrix @ new_r).reshape(count, count) for matrix in (grid.later, grid.products))
        source = np.sum(self.above * (p / 2) * pairs_c ** (p - 1) * later, axis=1)
        source += np.sum(self.below * (p / 2) * nodes_c ** (p - 1) * products, axis=1) + 2 * self.temperature * new_r
        spread = (grid.products @ source).reshape(count, count)
        new_c = new_r[0] * nodes_r[:, 0] + np.sum(self.below * nodes_r * spread, axis=1)
        drive = time * float(grid.panels.weights @ (new_c ** (p - 1) * new_r)) * p / 2
        return np.concatenate([new_c, new_r, [self.temperature + p * drive]])


def integrate(p: int, temperature: float, time: float, resolution: Resolution) -> Rows:
    """All rows up to a time.

    Arguments:
        p: of the interaction.
        temperature: T after the quench.
        time: of the last row.
        resolution: of the grid.

    Raises:
        FloatingPointError: a row is no fixed point after 300 passes.
    """
    panels = Panels(max(2, int(np.ceil(np.log2(time / UNIT)))), resolution.order)
    grid, theta = TwoTimes(panels, resolution), panels.nodes
    first = START * min(1.0, time)
    count = 1 + int(np.ceil(np.log(time / first) / resolution.step))
    times = time * np.exp(resolution.step * np.arange(1 - grid.window - count, 1))
    early = times[: grid.window]
    correlation, response = np.empty((2, len(times), panels.count))
    multiplier, passes = np.empty(len(times)), np.zeros(len(times))
    correlation[: grid.window] = response[: grid.window] = 1 - temperature * np.outer(early, 1 - theta)
    multiplier[: grid.window] = temperature + p * p / 2 * early
    guess = lagrange(np.arange(-_EXTRAPOLATED, 0.0), np.zeros(1))[0]
    for k in range(grid.window, len(times)):
        past, recent = slice(k - grid.window + 1, k), slice(k - _EXTRAPOLATED, k)
        row = _Row(grid, p, temperature, times[k], (correlation[past], response[past], multiplier[past]))
        start = np.concatenate([guess @ correlation[recent], guess @ response[recent], [guess @ multiplier[recent]]])
        state, passes[k] = _fixed_point(row, start)
        correlation[k], response[k], multiplier[k] = state[: panels.count], state[panels.count : -1], state[-1]
    rows = slice(grid.window, None)
    return Rows(
        times=times[rows], correlation=correlation[rows], response=response[rows], multiplier=multiplier[rows],
        panels=panels, passes=passes[rows],
    )  # fmt: skip


def _fixed_point(row: _Row, state: Float64) -> tuple[Float64, int]:
    """Where a row reproduces itself, by Anderson's mixing, and how many passes that took."""
    states: list[Float64] = []
    changes: list[Float64] = []
    for number in range(1, _PASSES + 1):
        following = row.once(state)
        change = following - state
        if not np.isfinite(change).all():
            break
        if float(np.abs(change).max()) < _FIXED * max(1.0, abs(float(state[-1]))):
            return following, number
        states, changes = [*states[1 - _DEPTH :], state], [*changes[1 - _DEPTH :], change]
        state = following
        if len(changes) > 1:
            bends, moves = np.diff(changes, axis=0).T, np.diff(states, axis=0).T
            state = state - (moves + bends) @ np.linalg.lstsq(bends, change, rcond=None)[0]
    raise FloatingPointError(f"The equations at t = {row.time:.4g} have no fixed point that {_PASSES} passes find.")


def interpolated(rows: Rows, times: Float64) -> sparse.csr_matrix:
    """The matrix (n, K) from rows to times (n,) within them."""
    step = np.log(rows.times[1] / rows.times[0])
    place = np.log(times / rows.times[0]) / step
    first = np.clip(np.floor(place) - STENCIL // 2 + 1, 0, len(rows.times) - STENCIL).astype(np.intp)
    nodes = np.arange(STENCIL)
    return rows_of(first[:, None] + nodes, lagrange(nodes.astype(np.float64), place - first), len(rows.times))
