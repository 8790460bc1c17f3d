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
_ITERATIONS = 300
"""Of L-BFGS-B for the slopes: from those of softplus, the norm it ends at is within a percent of the smallest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Kinks:
    """What was found at a w.

    Arguments:
        units: pairs of an unsatisfied pattern and a unit at a kink.
        patterns: patterns with at least one.
        balance: ``force_balance`` of the smallest element of the Clarke subdifferential that was found: an upper bound.
            None where none was looked for.
    """

    units: int
    patterns: int
    balance: float | None


def kinks(problem: Problem, w: Array) -> Kinks:
    """Look for units at kinks, and for the slopes in [0, 1] with which the forces balance best.

    |∇L(s)|² is minimised over the slopes s of the units at kinks by L-BFGS-B, from the slopes of softplus(β). Each step
    takes one pass back and one forward, of the unsatisfied patterns alone: no matrix of the forces of units is made,
    and neither a step's time nor its memory grows with their number. As long as no pattern has two of them on a path,
    ∇L(s) is linear and the problem convex (E3 in the project's table of exact results).

    Arguments:
        problem: a relu network.
        w: (N,) where it rests.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    network, rows = problem.network, unsatisfied_rows(problem, w)
    parts = network.split(np.asarray(w, dtype=np.float64))
    inputs = [np.asarray(problem.x, dtype=np.float64)[rows]]
    slopes: list[Float64] = []
    starts: list[Float64] = []
    at: list[Float64] = []
    for W, b in parts[:-1]:
        z = inputs[-1] @ W.T + (b if network.bias else 0.0)
        at.append(np.abs(z) < _AT / SHARPEST)
        slopes.append((z > 0).astype(np.float64))
        starts.append(expit(SHARPEST * z[at[-1]]))
        inputs.append(np.maximum(z, 0.0))
    units = sum(len(start) for start in starts)
    touched = int(np.count_nonzero(np.any(np.concatenate(at, axis=1), axis=1))) if at else 0
    margins = problem.margins(w)
    seed = -problem.y[rows] * margins[rows] / problem.patterns
    least = float(np.linalg.norm(_gradient(problem, _signals(parts, slopes, seed), inputs, slopes)))
    if units and least > 0:
        scale = 1 / least**2

        def half_square(chosen: Float64) -> tuple[float, Float64]:
            """½ |∇L|² and its derivative by the slope of each unit at a kink, in units of the square at relu's own."""
            first = 0
            for slope, where, start in zip(slopes, at, starts, strict=True):
                slope[where] = chosen[first : first + len(start)]
                first += len(start)
            signals = _signals(parts, slopes, seed)
            gradient = _gradient(problem, signals, inputs, slopes)
            along = _works(problem, signals, inputs, slopes, parts, gradient)
            derivative = np.concatenate([work[where] for work, where in zip(along, at, strict=True)])
            return 0.5 * scale * float(gradient @ gradient), scale * derivative

        solved = minimize(
            half_square, np.concatenate(starts), jac=True, method="L-BFGS-B", bounds=[(0.0, 1.0)] * units,
            options={"maxiter": _ITERATIONS, "maxfun": 2 * _ITERATIONS, "maxcor": 20, "ftol": 1e-13, "gtol": 1e-10},
        )  # fmt: skip
        least *= min(1.0, float(np.sqrt(2 * solved.fun)))
    balance = force_balance(np.array([least]), loss_of(margins), trace_h0(problem, w))
    return Kinks(units=units, patterns=touched, balance=balance)


def _signals(parts: list[tuple[Array, Array]], slopes: list[Float64], seed: Array) -> list[Array]:
    """Forces on the outputs of each layer, before the slope of its units: (n, out) from the first layer to the last."""
    signals = [seed[:, np.newaxis]]
    for layer in range(len(parts) - 1, 0, -1):
        after = signals[-1] * slopes[layer] if layer < len(slopes) else signals[-1]
        signals.append(after @ parts[layer][0])
    return signals[::-1]


def _gradient(problem: Problem, signals: list[Array], inputs: list[Array], slopes: list[Float64]) -> Array:
    """∇L with given slopes, (N,), and the signals that they make."""
    network = problem.network
    gradient = np.zeros(network.size)
    for layer, (weight, bias) in enumerate(network.slices):
        g = signals[layer] * slopes[layer] if layer < len(slopes) else signals[layer]
        gradient[weight] = (g.T @ inputs[layer]).ravel()
        if network.bias:
            gradient[bias] = g.sum(axis=0)
    return gradient


def _works(
    problem: Problem, signals: list[Array], inputs: list[Array], slopes: list[Float64],
    parts: list[tuple[Array, Array]], v: Array,
) -> list[Array]:  # fmt: skip
    """∂(v·∇L)/∂s of every unit, (n, width) for each hidden layer: the force on its output times z moved by v."""
    works: list[Array] = []
    moved = np.zeros_like(inputs[0])
    for layer, (weight, bias) in enumerate(problem.network.split(v)[:-1]):
        z = inputs[layer] @ weight.T + moved @ parts[layer][0].T + (bias if problem.network.bias else 0.0)
        works.append(signals[layer] * z)
        moved = z * slopes[layer]
    return works
