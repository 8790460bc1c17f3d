"""Results of minimisations, factors and the states of first-order updates, as what a journal keeps."""

from collections.abc import Mapping
from typing import Any

from jamharness.api import CellResult, Constraints, Json, State
from jamharness_numerics.minimise.outcome import OptimizeResult
from jamharness_numerics.minimise.quadratic_model import Cholesky, Dense, Factor

_PLACE = ("margin", "decay", "mu", "trace", "single", "steps", "products", "last")
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
    place = {name: getattr(factor, name) for name in _PLACE}
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
    factor = Factor(w=kept.arrays["factor"], cholesky=lambda: _made_again(problem, factor), **place)
    return factor


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


def _made_again(problem: Constraints, factor: Factor) -> Cholesky:
    there = problem if problem.loss.margin == factor.margin else problem.with_margin(factor.margin)
    slope = there.loss_and_gradient(factor.w)[1]
    H = Dense(there, factor.w, slope, factor.decay, single=factor.single)
    return H.positive(factor.mu)[0]  # with that μ; where another machine's rounding made it positive, with the next
