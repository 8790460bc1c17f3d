"""Tree committees: branches that see disjoint parts of the input (arXiv 1906.08034 cites Barkai et al. 1992)."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

from jamharness.api import BadInput, Namespace, PatternSystem, unknown_name

CENTRES: Mapping[str, float] = {"relu": 1 / sqrt(2 * pi), "erf": 0.0}
"""E[φ(z)] for z ~ N(0, 1), which is taken from every branch."""
CAPACITIES: Mapping[str, float] = {"relu": 2.933884, "erf": 2.451400}
"""α_c = 2E[φ′²]/Var φ at κ = 0, replica-symmetric and K → ∞: an upper bound."""


@dataclass(frozen=True, kw_only=True)
class Committee(PatternSystem):
    """f = K^{−1/2} Σ_k (φ(w_k·x_k/√(N/K)) − E φ), with w on the sphere |w|² = N and x_k the k-th part of x.

    Arguments:
        branches: K, a divisor of the inputs.
        inputs: N, the dimension of a pattern and of w.
        activation: φ, ``"relu"`` or ``"erf"``.

    Raises:
        BadInput: all that cannot be.
    """

    branches: int = 10
    inputs: int = 100
    activation: str = "relu"

    def __post_init__(self) -> None:
        problems = []
        if self.branches < 1 or self.inputs < 2 or self.inputs % self.branches:
            problems.append(f"branches = {self.branches}: it must divide inputs = {self.inputs}, as 10 divides 100.")
        if self.activation not in CENTRES:
            problems.append(unknown_name("activation of a committee", self.activation, CENTRES))
        if problems:
            raise BadInput(*problems)

    @property
    def size(self) -> int:
        """N."""
        return self.inputs

    @property
    def radius(self) -> float:
        """√N."""
        return sqrt(self.inputs)

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """The sum of the centred branches over √K."""
        each = self.inputs // self.branches
        z = xp.sum(xp.reshape(x * w, (-1, self.branches, each)), axis=2) / sqrt(each)
        branch = xp.erf(z) if self.activation == "erf" else xp.where(z > 0, z, 0.0 * z)
        return xp.sum(branch - CENTRES[self.activation], axis=1) / sqrt(self.branches)


def capacity(activation: str) -> float:
    """α_c = P/N at κ = 0, an upper bound for large K."""
    return CAPACITIES[activation]
