"""Units at a kink of relu, and what stationarity means there.

A relu network comes to rest in softplus(β), where a unit is at a kink if its slope 1/(1 + exp(−βz)) is neither 0 nor
1 to a percent: |z| < 4.6/β. In the limit the slope of such a unit may be any number in [0, 1], and w is stationary if
some choice of slopes makes the gradient vanish: 0 is an element of the Clarke subdifferential.
"""

from dataclasses import dataclass

import numpy as np

from jamharness.api import Array, Float64, Problem
from jamharness_numerics.minimise.certificate import force_balance, loss_of, trace_h0, unsatisfied_rows

SHARPEST = 512.0
"""β of the softplus network in which a relu network comes to rest: a kink is resolved to 1/β."""
_AT = 4.6
_ROUNDS = 4
"""Slopes of units of one pattern in several layers multiply: solved for in turn so many times."""
_LARGEST = 1 << 25
"""Numbers in the matrix of forces that units at kinks can make: 256 MiB."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Kinks:
    """What was found at a w.

    Arguments:
        units: pairs of an unsatisfied pattern and a unit at a kink.
        patterns: patterns with at least one.
        balance: ``force_balance`` of the smallest element of the Clarke subdifferential that was found: an upper bound.
            None where the matrix for it would be too large.
    """

    units: int
    patterns: int
    balance: float | None


def kinks(problem: Problem, w: Array) -> Kinks:
    """Look for units at kinks, and for the slopes in [0, 1] with which the forces balance best.

    With the slopes s of the units at kinks, ∇L(s) = g + C s as long as no pattern has two of them on a path: a bounded
    linear least-squares problem (E3 in the project's table of exact results). Others are solved for in turn.

    Arguments:
        problem: a relu network.
        w: (N,) where it rests.
    """
    from scipy.optimize import lsq_linear

    network, rows = problem.network, unsatisfied_rows(problem, w)
    parts = network.split(np.asarray(w, dtype=np.float64))
    inputs = [np.asarray(problem.x, dtype=np.float64)[rows]]
    slopes: list[Float64] = []
    at: list[Float64] = []
    for W, b in parts[:-1]:
        z = inputs[-1] @ W.T + (b if network.bias else 0.0)
        at.append(np.abs(z) < _AT / SHARPEST)
        slopes.append((z > 0).astype(np.float64))
        inputs.append(np.maximum(z, 0.0))
    units = sum(int(np.count_nonzero(each)) for each in at)
    touched = int(np.count_nonzero(np.any(np.concatenate(at, axis=1), axis=1))) if at else 0
    margins = problem.margins(w)
    loss, trace = loss_of(margins), trace_h0(problem, w)
    if units * network.size > _LARGEST:
        return Kinks(units=units, patterns=touched, balance=None)
    seed = -problem.y[rows] * margins[rows] / problem.patterns
    gradient = _gradient(problem, parts, inputs, slopes, seed)
    best = float(np.linalg.norm(gradient))
    for _ in range(_ROUNDS if units else 0):
        C = _forces(problem, parts, inputs, slopes, at, seed)
        now = np.concatenate([slope[where] for slope, where in zip(slopes, at, strict=True)])
        found = lsq_linear(C.T, C.T @ now - gradient, bounds=(0.0, 1.0)).x
        start = 0
        for slope, where in zip(slopes, at, strict=True):
            count = int(np.count_nonzero(where))
            slope[where] = found[start : start + count]
            start += count
        gradient = _gradient(problem, parts, inputs, slopes, seed)
        best = min(best, float(np.linalg.norm(gradient)))
    return Kinks(units=units, patterns=touched, balance=force_balance(np.array([best]), loss, trace))


def _signals(parts: list[tuple[Array, Array]], slopes: list[Float64], seed: Array) -> list[Array]:
    """Forces on the outputs of each layer, before the slope of its units: (n, out) from the first layer to the last."""
    found = [seed[:, np.newaxis]]
    for layer in range(len(parts) - 1, 0, -1):
        after = found[-1] * slopes[layer] if layer < len(slopes) else found[-1]
        found.append(after @ parts[layer][0])
    return found[::-1]


def _gradient(
    problem: Problem, parts: list[tuple[Array, Array]], inputs: list[Array], slopes: list[Float64], seed: Array
) -> Array:
    """∇L with given slopes, (N,)."""
    network, before = problem.network, _signals(parts, slopes, seed)
    found = np.zeros(network.size)
    for layer, (weight, bias) in enumerate(network.slices):
        g = before[layer] * slopes[layer] if layer < len(slopes) else before[layer]
        found[weight] = (g.T @ inputs[layer]).ravel()
        if network.bias:
            found[bias] = g.sum(axis=0)
    return found


def _forces(
    problem: Problem, parts: list[tuple[Array, Array]], inputs: list[Array], slopes: list[Float64], at: list[Float64],
    seed: Array,
) -> Array:  # fmt: skip
    """∂∇L/∂s for the slope s of each unit at a kink, (K, N): its own force times ∂z/∂w."""
    network, before = problem.network, _signals(parts, slopes, seed)
    blocks = []
    for top, where in enumerate(at):
        patterns, chosen = np.nonzero(where)
        block = np.zeros((len(patterns), network.size))
        g = np.zeros((len(patterns), where.shape[1]))
        g[np.arange(len(patterns)), chosen] = before[top][patterns, chosen]
        for layer in range(top, -1, -1):
            weight, bias = network.slices[layer]
            outer = g[:, :, np.newaxis] * inputs[layer][patterns][:, np.newaxis, :]
            block[:, weight] = outer.reshape(len(g), weight.stop - weight.start)
            if network.bias:
                block[:, bias] = g
            if layer:
                g = (g @ parts[layer][0]) * slopes[layer - 1][patterns]
        blocks.append(block)
    return np.concatenate(blocks)
