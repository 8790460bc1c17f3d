"""Systems: what w is, and one formula for the gaps between where a constraint lies and where it would be violated.

A system knows no framework. Its formula is written in operators and in the functions of a ``Namespace``, which each
backend brings; from that formula a backend derives gradients, Jacobians and Hessians by automatic differentiation.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Float64
from jamharness.api.data import check_patterns
from jamharness.api.errors import BadInput, unknown_name
from jamharness.api.identity import generator

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

    def sum(self, a: Any, axis: int | None = None) -> Any:
        """The sum over one axis, or over all."""

    def reshape(self, a: Any, shape: Sequence[int]) -> Any:
        """The same entries in another shape, row-major."""

    def transpose(self, a: Any) -> Any:
        """A matrix with its axes exchanged."""

    def take(self, a: Any, indices: Any) -> Any:
        """The rows of a with these positions along its first axis."""

    def concatenate(self, arrays: Sequence[Any], axis: int = 0) -> Any:
        """Arrays joined along an axis."""


class System(ABC):
    """Degrees of freedom w in R^N under M constraints, as a frozen value that knows no framework.

    Constraint μ is satisfied at a margin κ when its gap g_μ(w) is at least κ: Δ_μ(w) = κ − g_μ(w) ≤ 0. The gap of a
    pattern is y f(x; w), that of two spheres r/(R_i + R_j) − 1. A larger κ is a larger load for every system.

    Attributes:
        along: the names of the data that have one row per constraint.
        schemes: the ways to draw an initial w.
        linear: whether the gaps are linear in w, so that Hp = 0.
    """

    along: ClassVar[tuple[str, ...]] = ()
    schemes: ClassVar[tuple[str, ...]] = ("normal",)
    linear: ClassVar[bool] = False

    @property
    @abstractmethod
    def size(self) -> int:
        """N, the number of degrees of freedom."""

    @abstractmethod
    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:
        """g_μ(w) of shape (M,), for w (N,) and data as ``arrays`` gives them."""

    @property
    def groups(self) -> Mapping[str, slice]:
        """Named parts of w."""
        return {"w": slice(0, self.size)}

    @property
    def radius(self) -> float | None:
        """|w| where w lives on a sphere; None where it is free."""
        return None

    @property
    def free(self) -> int:
        """How many directions w can move in."""
        return self.size - (self.radius is not None)

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """What the formula needs: what was given, checked, and what the system brings of its own.

        Raises:
            BadInput: all that is wrong with the data.
        """
        return data

    def draw(self, seed: int, scheme: str) -> Float64:
        """An initial w before ``retract``: independent N(0, 1)."""
        return generator("system", repr(self), scheme, seed).standard_normal(self.size)

    def initial(self, seed: int = 0, scheme: str | None = None) -> Float64:
        """An initial w (N,), the same bits for every backend.

        Arguments:
            seed: which draw.
            scheme: one of ``schemes``; None for the first.

        Raises:
            BadInput: an unknown scheme.
        """
        chosen = self.schemes[0] if scheme is None else scheme
        if chosen not in self.schemes:
            raise BadInput(unknown_name("initial scheme", chosen, self.schemes))
        return self.retract(self.draw(seed, chosen))

    def retract(self, w: Float64) -> Float64:
        """Back onto the manifold of w: onto the sphere where there is one."""
        if self.radius is None:
            return w
        return np.asarray(w * (self.radius / np.linalg.norm(w)))

    @abstractmethod
    def load(self, constraints: int, margin: float) -> float:
        """The load of M constraints at a margin κ, in the field's unit: P/N, or a packing fraction."""


class LocalSystem(System):
    """A system each of whose constraints depends on a few components of w, as the contact of two particles does.

    One pass gives the derivatives of all constraints at once, instead of one for each.
    """

    @abstractmethod
    def support(self) -> NDArray[np.intp]:
        """Which components of w each constraint depends on, (M, k)."""

    @abstractmethod
    def local_gaps(self, xp: Namespace, parts: Any, data: Data) -> Any:
        """g_μ (M,) from the components (M, k) that each depends on, and data along the constraints."""

    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:
        """The local gaps at w."""
        rows, width = data["support"].shape
        parts = xp.reshape(xp.take(w, xp.reshape(data["support"], (rows * width,))), (rows, width))
        return self.local_gaps(xp, parts, data)


class PatternSystem(System):
    """A system whose constraints are patterns x (P, d) with labels y (P,): g_μ = y_μ f(x_μ; w)."""

    along: ClassVar[tuple[str, ...]] = ("x", "y")

    inputs: int
    """d, the dimension of a pattern."""

    @abstractmethod
    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """f(x; w) of shape (M,) for inputs x (M, d)."""

    def predictions(self, xp: Namespace, w: Any, data: Data) -> Any:
        """f(x; w) (M,) for the x among the data; a system whose f depends on more data than x overrides it."""
        return self.outputs(xp, w, data["x"])

    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:
        """Y f(x; w)."""
        return data["y"] * self.predictions(xp, w, data)

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Patterns and labels, checked.

        Raises:
            BadInput: shapes that do not fit, values that are not finite, or labels other than ±1.
        """
        x, y = data["x"], data["y"]
        check_patterns(x, y)
        if x.shape[1] != self.inputs:
            raise BadInput(f"x has {x.shape[1]} columns and the system {self.inputs} inputs; make them equal.")
        return {"x": x, "y": y}

    def load(self, constraints: int, margin: float) -> float:  # noqa: ARG002  (the margin is another axis here)
        """P/N."""
        return constraints / self.size


@dataclass(frozen=True, kw_only=True)
class OwnModel(PatternSystem):
    """A function f(w, x) of a user's own, in the operations of one framework.

    Arguments:
        function: maps w (N,) and inputs x (P, …) to outputs (P,).
        count: N.
    """

    function: Callable[..., Any]
    count: int

    @property
    def size(self) -> int:
        """N."""
        return self.count

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:  # noqa: ARG002  (the function brings its own operations)
        """f(w, x)."""
        return self.function(w, x)

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Inputs of any shape, and labels ±1.

        Raises:
            BadInput: lengths that do not fit, values that are not finite, or labels other than ±1.
        """
        check_patterns(np.reshape(data["x"], (len(data["x"]), -1)), data["y"])
        return {"x": data["x"], "y": data["y"]}

    def draw(self, seed: int, scheme: str) -> Float64:
        """Independent N(0, 1/N): a model's own initial parameters are ``problem.w0``."""
        normal = generator("own model", self.count, scheme, seed).standard_normal(self.count)
        return np.asarray(normal / np.sqrt(self.count))
