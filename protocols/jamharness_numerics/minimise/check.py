"""The end of a minimisation computed again in NumPy, by formulas that no backend has a part in.

What is checked: the margins at w, how many are positive, L, and where a run has stopped the net force over its parts.
Each may differ from the backend's by what rounding in its dtype explains, bounded for the w at hand, and by no more. A
w at which these formulas themselves overflow has diverged; it is no backend's fault, and nothing is checked there.
"""

from math import sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.special import erf, expit, ndtr

from jamharness.api import Activation, Array, BackendError, DerivedProblem, Float64, Network, OwnModel, Problem
from jamharness.api.rounding import rounding_of_outputs
from jamharness_numerics.minimise.certificate import force_balance
from jamharness_numerics.minimise.kinks import SHARPEST
from jamharness_numerics.minimise.outcome import Minimisation

_ROUNDINGS = 8.0
"""How many times the bound on rounding two margins may differ: slopes and functions of frameworks have their own."""
_TF32 = 2.0**-10
"""The relative rounding of products on a GPU that is allowed TF32, times two."""
_SYSTEM = 1e5
"""Units of rounding, in its largest gap and in κ, by which a gap of another system may differ: formulas that no bound
is known for, such as Newton's steps of ellipses."""
_FORCES = 1e4
"""Units of rounding, in the forces' parts, by which a balance may differ; times β at the kinks of softplus(β)."""


def check(problem: Problem | DerivedProblem, end: Minimisation, method: str, margins: Array) -> None:
    """Compare the end of a minimisation with NumPy's.

    Arguments:
        problem: what was minimised.
        end: how it ended.
        method: of the minimisation; ``"lm"`` rests in a softplus where the network has relu.
        margins: Δ at its w by the backend, (P,).

    Raises:
        BackendError: the backend's numbers are not those of the network.
    """
    if isinstance(problem, DerivedProblem):
        check_margins(problem, end.w, margins)
        return
    dtype = np.dtype(problem.backend.dtype)
    w, x, y = (np.asarray(array, dtype=dtype).astype(np.float64) for array in (end.w, problem.x, problem.y))
    kappa = problem.loss.margin
    with np.errstate(all="ignore"):
        expected = kappa - y * _signals(problem.network, w, x)[-1][:, 0]
        error = _ROUNDINGS * rounding_of_outputs(problem.network, w, x, dtype)
        if dtype == np.float32 and problem.backend.describe().get("tf32"):
            error *= _TF32 / float(np.finfo(np.float32).eps)
        error += _ROUNDINGS * float(np.finfo(dtype).eps) * (np.abs(expected) + kappa)
        loss = float(np.sum(np.maximum(expected, 0) ** 2)) / (2 * len(y))
        if not (np.isfinite(error).all() and loss < float(np.finfo(dtype).max) and np.isfinite(w).all()):
            return
    _compare(problem, "margins", np.asarray(margins, dtype=np.float64), expected, error)
    least, most = (int(np.count_nonzero(expected > bound)) for bound in (error, -error))
    if not least <= end.unsatisfied <= most:
        raise _wrong(problem, f"counts {end.unsatisfied} unsatisfied patterns", f"{least} to {most}")
    spread = sqrt(float(np.mean(error**2)))
    _compare(problem, "L", np.array([end.loss]), np.array([loss]), np.array([spread * (spread + sqrt(2 * loss))]))
    if end.outcome in ("minimum", "arrested") and end.balance is not None:
        smooth = problem.network.nonlinearity.smooth or problem.network.depth == 0 or method != "lm"
        rule = problem.network.nonlinearity if smooth else Activation(name="softplus", beta=SHARPEST)
        balance = _balance(problem.network, rule, w, x, y, kappa)
        room = _FORCES * float(np.finfo(dtype).eps) * rule.beta
        _compare(
            problem, "the net force over its parts", np.array([end.balance]), np.array([balance]), np.array([room])
        )


_FORMULAS: Any = SimpleNamespace(
    asarray=np.asarray, matmul=np.matmul, where=np.where, exp=np.exp, log=np.log, sqrt=np.sqrt, tanh=np.tanh, erf=erf,
    softplus=lambda a: np.logaddexp(0, a), sin=np.sin, cos=np.cos, rint=np.rint, sum=np.sum, reshape=np.reshape,
    transpose=np.transpose, take=lambda a, indices: np.take(a, indices, axis=0), concatenate=np.concatenate,
    constant=np.asarray,
)  # fmt: skip
"""The namespace of formulas in plain NumPy."""


def check_margins(problem: DerivedProblem, w: Array, margins: Array) -> None:
    """Compare the margins of a system with those that NumPy finds by its formula.

    A function of the user's own is written in a framework, so that NumPy cannot see it: nothing is checked there.

    Arguments:
        problem: the problem.
        w: (N,).
        margins: Δ at w by the backend, (M,).

    Raises:
        BackendError: they differ by more than rounding.
    """
    if isinstance(problem.system, OwnModel):
        return
    dtype = np.dtype(problem.backend.dtype)
    data = {
        name: np.asarray(array, dtype=dtype).astype(np.float64) if np.issubdtype(array.dtype, np.floating) else array
        for name, array in problem.system.arrays(problem.given).items()
    }
    with np.errstate(all="ignore"):
        gaps = problem.system.gaps(_FORMULAS, np.asarray(w, dtype=np.float64), data)
    expected = np.asarray(problem.loss.margins(np.asarray(gaps)), dtype=np.float64)
    if not np.isfinite(expected).all():
        return
    room = _SYSTEM * float(np.finfo(dtype).eps) * (float(np.abs(expected).max()) + abs(problem.loss.margin))
    _compare(
        problem,
        "margins",
        np.asarray(margins, dtype=np.float64),
        expected,
        np.full(len(expected), room, dtype=np.float64),
    )


def _compare(problem: Problem | DerivedProblem, quantity: str, actual: Float64, due: Float64, error: Float64) -> None:
    if actual.shape != due.shape:
        raise _wrong(problem, f"has {quantity} of shape {actual.shape}", f"shape {due.shape}")
    wrong = ~(np.abs(actual - due) <= error)
    if wrong.any():
        worst = int(np.argmax(np.where(wrong, np.nan_to_num(np.abs(actual - due) / error, nan=np.inf), 0)))
        which = f" of pattern {worst}" if len(due) > 1 else ""
        count = f" ({int(np.count_nonzero(wrong))} of {len(due)} differ)" if len(due) > 1 else ""
        raise _wrong(
            problem, f"has {quantity}{which} = {actual[worst]:.9g}", f"{due[worst]:.9g} ± {error[worst]:.1g}{count}"
        )


def _wrong(problem: Problem | DerivedProblem, fault: str, due: str) -> BackendError:
    name = problem.backend.name
    return BackendError(
        f"Backend {name!r} is wrong: at the end of a minimisation it {fault}; NumPy's formulas give {due}. "
        f"Run: jamharness conformance {name}"
    )


def _value(rule: Activation, z: Float64) -> Float64:
    match rule.name:
        case "relu":
            return np.maximum(z, 0)
        case "tanh":
            return np.tanh(z)
        case "gelu":
            return np.asarray(z * ndtr(rule.beta * z))
        case "softplus":
            return np.asarray(np.logaddexp(0, rule.beta * z) / rule.beta)
        case _:
            return z


def _slope(rule: Activation, z: Float64) -> Float64:
    match rule.name:
        case "relu":
            return np.asarray(z > 0, dtype=np.float64)
        case "tanh":
            return np.asarray(1 - np.tanh(z) ** 2)
        case "gelu":
            t = rule.beta * z
            return np.asarray(ndtr(t) + t * np.exp(-0.5 * t * t) / sqrt(2 * np.pi))
        case "softplus":
            return np.asarray(expit(rule.beta * z))
        case _:
            return np.ones_like(z)


def _signals(network: Network, w: Float64, x: Float64, rule: Activation | None = None) -> list[Float64]:
    """z_l = W_l σ(z_{l−1}) + b_l of every layer, (P, out) each; the last is f."""
    rule, preactivations, signal = rule or network.nonlinearity, [], x
    for W, b in network.split(w):
        preactivations.append(np.asarray(signal @ W.T + (b if network.bias else 0.0)))
        signal = _value(rule, preactivations[-1])
    return preactivations


def _balance(network: Network, rule: Activation, w: Float64, x: Float64, y: Float64, kappa: float) -> float:
    """|∇L| / √(2 L tr H0) under an activation, by a pass each way: |∂f/∂W_l|² = |g_l|² |a_{l−1}|² for each pattern."""
    layers = _signals(network, w, x, rule)
    hinge = np.maximum(kappa - y * layers[-1][:, 0], 0)
    pull, unsatisfied = (-y * hinge / len(y))[:, np.newaxis], (hinge > 0)[:, np.newaxis]
    g, square, trace = np.ones_like(layers[-1]), 0.0, 0.0
    parts = network.split(w)
    for layer in range(len(parts) - 1, -1, -1):
        a = _value(rule, layers[layer - 1]) if layer else x
        forces = pull * g
        square += float(np.sum((forces.T @ a) ** 2)) + (float(np.sum(forces.sum(axis=0) ** 2)) if network.bias else 0.0)
        sizes = np.sum(unsatisfied * g**2, axis=1) * (np.sum(a**2, axis=1) + network.bias)
        trace += float(np.sum(sizes)) / len(y)
        if layer:
            g = (g @ parts[layer][0]) * _slope(rule, layers[layer - 1])
    return force_balance(np.array([sqrt(square)]), float(np.sum(hinge**2)) / (2 * len(y)), trace)
