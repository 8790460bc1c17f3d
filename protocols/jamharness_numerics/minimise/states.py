"""Results of minimisations, factors and the states of first-order updates, as what a journal keeps."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from jamharness.api import Array, CellResult, Constraints, Json, State
from jamharness_numerics.minimise.outcome import OptimizeResult
from jamharness_numerics.minimise.quadratic_model import STIFFEST, Cholesky, Dense, Factor, mean_of

_PLAIN = ("loss", "iterations", "factorisations", "balance", "decline", "slope", "damping", "finite", "why")


def packed_result(result: OptimizeResult) -> CellResult:
    """What ``result_from`` takes."""
    factor = packed_factor(result.factor)
    return CellResult(
        values={**{name: getattr(result, name) for name in _PLAIN}, **factor.values},
        arrays={"w": result.w, **factor.arrays},
    )


def result_from(problem: Constraints, kept: CellResult) -> OptimizeResult:
    """The result, its factor to be made when it is used.

    Arguments:
        problem: whose minimisation it was.
        kept: from ``packed_result``.
    """
    values: Any = kept.values
    plain = {name: values[name] for name in _PLAIN}
    return OptimizeResult(w=kept.arrays["w"], factor=factor_from(problem, kept), **plain)


def packed_factor(factor: Factor | None) -> CellResult:
    """Where a factor is from, N numbers for N²."""
    if factor is None:
        return CellResult(values={"factor": None})
    place = {"margin": factor.margin, "decay": factor.decay, "mu": factor.mu, "trace": factor.trace}
    return CellResult(values={"factor": place}, arrays={"factor": factor.w})


def factor_from(problem: Constraints, kept: CellResult) -> Factor | None:
    """The factor, to be made when it is used.

    Arguments:
        problem: at any κ.
        kept: from ``packed_factor``, other values and arrays among them.
    """
    place: Any = kept.values["factor"]
    if place is None:
        return None
    margin, w, decay, mu = place["margin"], kept.arrays["factor"], place["decay"], place["mu"]
    return Factor(margin, w, decay, mu, place["trace"], partial(_made_again, problem, margin, w, decay, mu))


def packed_state(state: State, values: Mapping[str, Json]) -> CellResult:
    """What ``state_from`` takes.

    Arguments:
        state: where the updates stand.
        values: what else the next ones depend on.
    """
    moments = {f"moment {name}": array for name, array in state.moments.items()}
    return CellResult(values={**values, "step": state.step}, arrays={"w": state.w, **moments})


def state_from(kept: CellResult) -> State:
    """Where first-order updates stood, from ``packed_state``."""
    step: Any = kept.values["step"]
    prefix = "moment "
    moments = {name.removeprefix(prefix): array for name, array in kept.arrays.items() if name.startswith(prefix)}
    return State(w=kept.arrays["w"], step=step, moments=moments)


def _made_again(problem: Constraints, margin: float, w: Array, decay: float, mu: float) -> Cholesky:
    there = problem if problem.loss.margin == margin else problem.with_margin(margin)
    dense = Dense(there, w, there.loss_and_gradient(w)[1], decay)
    mean = mean_of(dense.trace, len(w))
    while True:
        try:
            return dense.cholesky(mu)
        except np.linalg.LinAlgError:  # it was positive where another machine's rounding made it
            if mu > STIFFEST * mean:
                raise
            mu = max(4 * mu, 1e-12 * mean)
