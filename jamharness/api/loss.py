"""The loss of the papers."""

from collections.abc import Mapping
from dataclasses import dataclass

from jamharness.api.errors import BadInput

MARGINS = (1e-6, 1e6)
"""The smallest and the largest κ that can be asked for. Δ is of the order of κ: below, Δ² and what minimisers resolve
of it (1e-20 κ²) would underflow in float32, and above, sums of Δ² over patterns and their squares would overflow."""
_BEYOND = 10.0
"""Minimisers aim at a margin beyond κ: a problem may have one that lies this factor outside what can be asked for."""


def margin_problem(margin: float) -> str:
    """What is wrong with a margin κ that somebody asks for, in one sentence; empty when nothing is."""
    if MARGINS[0] <= margin <= MARGINS[1]:
        return ""
    return (
        f"margin = {margin}: the margin κ must be a number from {MARGINS[0]:g} to {MARGINS[1]:g}, "
        "so that its square neither underflows nor overflows; the papers use 1."
    )


@dataclass(frozen=True, kw_only=True)
class QuadraticHinge:
    """L(w) = (1/2P) Σ_μ max(0, Δ_μ)² with Δ_μ = κ − y_μ f(x_μ; w) (arXiv 1809.09349 eq. 1).

    Arguments:
        margin: κ, in units of the output; the papers use 1. From 1e-6 to 1e6 (``MARGINS`` says why), with a factor of
            ten to spare on either side for minimisers that aim beyond it.

    Raises:
        BadInput: a margin beyond that.
    """

    margin: float = 1.0

    def __post_init__(self) -> None:
        if not MARGINS[0] / _BEYOND <= self.margin <= MARGINS[1] * _BEYOND:
            raise BadInput(margin_problem(self.margin))


LOSSES: Mapping[str, type[QuadraticHinge]] = {loss.__name__: loss for loss in (QuadraticHinge,)}
"""The losses by the name under which a cell of them is stored."""
