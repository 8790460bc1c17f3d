"""The functions in which the formulas of systems are written; every backend brings them for its own arrays."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Data = Mapping[str, Any]
"""Named arrays: NumPy's where they enter, the backend's own inside a formula."""


class Namespace(Protocol):
    """The functions in which formulas are written, beside + − * / **, comparisons and slices of a backend's arrays.

    They mean what NumPy's mean. Derivatives: ``where`` differentiates the branch that it takes, so
    ``where(z > 0, z, 0 * z)`` has slope 0 at z = 0; ``rint`` has slope 0 everywhere.
    """

    def asarray(self, values: Any) -> Any:
        """A constant in the backend's dtype."""

    def matmul(self, a: Any, b: Any, /) -> Any:
        """A @ b for (M, K) and (K, N) or (K,)."""

    def where(self, condition: Any, a: Any, b: Any, /) -> Any:
        """A where a condition holds, else b, elementwise."""

    def exp(self, a: Any, /) -> Any:
        """E to the a."""

    def log(self, a: Any, /) -> Any:
        """The natural logarithm."""

    def sqrt(self, a: Any, /) -> Any:
        """The square root."""

    def tanh(self, a: Any, /) -> Any:
        """The hyperbolic tangent."""

    def erf(self, a: Any, /) -> Any:
        """The error function."""

    def softplus(self, a: Any, /) -> Any:
        """log(1 + e^a), without overflow."""

    def sin(self, a: Any, /) -> Any:
        """The sine."""

    def cos(self, a: Any, /) -> Any:
        """The cosine."""

    def rint(self, a: Any, /) -> Any:
        """The nearest whole number."""

    def constant(self, a: Any, /) -> Any:
        """A, with derivatives of zero."""

    def sum(self, a: Any, axis: int | None = None) -> Any:
        """The sum over one axis, or over all."""

    def reshape(self, a: Any, shape: Sequence[int]) -> Any:
        """The same entries in another shape, row-major; one of its lengths may be −1, for what is left."""

    def transpose(self, a: Any) -> Any:
        """A matrix with its axes exchanged."""

    def take(self, a: Any, indices: Any) -> Any:
        """The rows of a with these positions along its first axis, in the shape of the positions."""

    def concatenate(self, arrays: Sequence[Any], axis: int = 0) -> Any:
        """Arrays joined along an axis."""
