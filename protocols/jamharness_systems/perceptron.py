"""The spherical perceptron, the mean-field model of jamming (arXiv 1809.09349; Franz and Parisi, 1501.03397)."""

from dataclasses import dataclass
from math import erf, exp, pi, sqrt
from typing import Any, ClassVar

from jamharness.api import BadInput, Namespace, PatternSystem


@dataclass(frozen=True, kw_only=True)
class Perceptron(PatternSystem):
    """w on the sphere |w|² = N under P half spaces: g_μ = y_μ w·x_μ/√N.

    Arguments:
        dimension: N, at least 2.

    Raises:
        BadInput: the dimension is below 2.
    """

    linear: ClassVar[bool] = True
    dimension: int = 100

    def __post_init__(self) -> None:
        if self.dimension < 2:
            raise BadInput(f"dimension = {self.dimension}: a sphere needs at least 2 dimensions.")

    @property
    def size(self) -> int:
        """N."""
        return self.dimension

    @property
    def inputs(self) -> int:  # type: ignore[override]
        """N: a pattern has as many components as w."""
        return self.dimension

    @property
    def radius(self) -> float:
        """√N."""
        return sqrt(self.dimension)

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """w·x/√N."""
        return xp.matmul(x, w) / self.radius


def critical_load(margin: float) -> tuple[float, float]:
    """α_c = 1/[(1+κ²)Φ(κ) + κφ(κ)] and N_Δ/N = α_c Φ(κ) there, for κ ≥ 0 (Gardner, J. Phys. A 21, 257, 1988).

    For κ < 0 α_c is the replica-symmetric value, an upper bound, and jamming is isostatic: N_Δ = N.
    """
    distribution = (1 + erf(margin / sqrt(2))) / 2
    density = exp(-(margin**2) / 2) / sqrt(2 * pi)
    load = 1 / ((1 + margin**2) * distribution + margin * density)
    return load, load * distribution if margin >= 0 else 1.0
