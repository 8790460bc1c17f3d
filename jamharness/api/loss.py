"""The loss of the papers."""

from collections.abc import Mapping
from dataclasses import dataclass

from jamharness.api.errors import BadInput


@dataclass(frozen=True, kw_only=True)
class QuadraticHinge:
    """L(w) = (1/2P) Σ_μ max(0, Δ_μ)² with Δ_μ = κ − y_μ f(x_μ; w) (arXiv 1809.09349 eq. 1).

    Arguments:
        margin: κ > 0, in units of the output; the papers use 1.
    """

    margin: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.margin < float("inf"):
            raise BadInput(f"margin = {self.margin}: the margin κ must be a positive number; the papers use 1.")


LOSSES: Mapping[str, type[QuadraticHinge]] = {loss.__name__: loss for loss in (QuadraticHinge,)}
"""The losses by the name under which a cell of them is stored."""
