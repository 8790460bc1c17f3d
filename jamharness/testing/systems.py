"""The systems that the suite computes on: small ones whose gaps and derivatives are written out by hand.

The host knows no system by import, so they are here: half spaces on a sphere (linear), a bilinear function of its
weights, distances in a periodic box (local), overlaps of vectors (no data at all), and a function of one variable for
each function of a ``Namespace``.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

from jamharness.api import Array, Data, Float64, LocalSystem, Namespace, PatternSystem, System

Values: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Closed:
    """The gaps at one w with their derivatives, in closed form.

    Arguments:
        gaps: g (M,).
        slopes: ∇g (M, N).
        bends: ∇∇g (M, N, N).
    """

    gaps: Float64
    slopes: Float64
    bends: Float64


class Solved(System):
    """A system that knows its derivatives."""

    @abstractmethod
    def drawn(self, draw: np.random.Generator, constraints: int) -> Values:
        """Data for M constraints."""

    @abstractmethod
    def closed(self, w: Float64, data: Values) -> Closed:
        """Gaps, slopes and bends."""

    def clear(self, w: Float64, data: Values) -> bool:  # noqa: ARG002  (most have no kink)
        """Whether no rounding decides on which side of a kink of its formula w lies."""
        return True

    def load(self, constraints: int, margin: float) -> float:  # noqa: ARG002  (nothing here is measured along a load)
        """M/N."""
        return constraints / self.size


def _patterns(draw: np.random.Generator, patterns: int, inputs: int) -> Values:
    y = np.where(draw.random(patterns) < 0.5, -1.0, 1.0)
    return {"x": draw.standard_normal((patterns, inputs)), "y": y}


@dataclass(frozen=True, kw_only=True)
class HalfSpaces(PatternSystem, Solved):
    """f = w·x/√N with |w|² = N: linear, so that Hp = 0, and on a sphere."""

    linear: ClassVar[bool] = True
    inputs: int

    @property
    def size(self) -> int:
        """N = d."""
        return self.inputs

    @property
    def radius(self) -> float:
        """√N."""
        return sqrt(self.inputs)

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """w·x/√N."""
        return xp.matmul(x, w) / self.radius

    def drawn(self, draw: np.random.Generator, constraints: int) -> Values:
        """Gaussian patterns and fair labels."""
        return _patterns(draw, constraints, self.inputs)

    def closed(self, w: Float64, data: Values) -> Closed:
        """∇g = y x/√N."""
        slopes = data["y"][:, None] * data["x"] / sqrt(self.inputs)
        return Closed(gaps=slopes @ w, slopes=slopes, bends=np.zeros((len(slopes), len(w), len(w))))


@dataclass(frozen=True, kw_only=True)
class Bilinear(PatternSystem, Solved):
    """f = v·U x with w = (U, v): quadratic in w, so that Hp is neither zero nor diagonal.

    Arguments:
        inputs: d.
        units: rows of U (k, d).
    """

    inputs: int
    units: int

    @property
    def size(self) -> int:
        """N = k d + k."""
        return self.units * (self.inputs + 1)

    @property
    def groups(self) -> Mapping[str, slice]:
        """U, and v."""
        first = self.units * self.inputs
        return {"U": slice(0, first), "v": slice(first, self.size)}

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """v·U x, by products of matrices and vectors."""
        U = xp.reshape(w[self.groups["U"]], (self.units, self.inputs))
        return xp.matmul(xp.matmul(x, xp.transpose(U)), w[self.groups["v"]])

    def drawn(self, draw: np.random.Generator, constraints: int) -> Values:
        """Gaussian patterns and fair labels."""
        return _patterns(draw, constraints, self.inputs)

    def closed(self, w: Float64, data: Values) -> Closed:
        """∂f/∂U_ij = v_i x_j, ∂f/∂v_i = (U x)_i and ∂²f/∂U_ij∂v_i = x_j."""
        x, y, k, d = data["x"], data["y"], self.units, self.inputs
        U, v = w[: k * d].reshape(k, d), w[k * d :]
        slopes = np.concatenate([(v[None, :, None] * x[:, None, :]).reshape(len(x), k * d), x @ U.T], axis=1)
        bends = np.zeros((len(x), self.size, self.size))
        for i in range(k):
            bends[:, i * d : (i + 1) * d, k * d + i] = x
            bends[:, k * d + i, i * d : (i + 1) * d] = x
        return Closed(gaps=y * (x @ U.T @ v), slopes=y[:, None] * slopes, bends=y[:, None, None] * bends)


@dataclass(frozen=True, kw_only=True)
class Distances(LocalSystem, Solved):
    """Points in the periodic unit square, every pair at least so far apart: g = r/s − 1, and a w that is taken back.

    Arguments:
        points: n.
    """

    along: ClassVar[tuple[str, ...]] = ("support", "length")
    points: int

    @property
    def size(self) -> int:
        """N = 2n."""
        return 2 * self.points

    def support(self) -> NDArray[np.intp]:
        """The two coordinates of the first point, then those of the second, (M, 4)."""
        return np.concatenate([2 * index[:, None] + np.arange(2) for index in np.triu_indices(self.points, 1)], axis=1)

    def arrays(self, data: Values) -> Values:
        """The support beside the lengths."""
        return {**data, "support": self.support()}

    def local_gaps(self, xp: Namespace, parts: Any, data: Data) -> Any:
        """r/s − 1 between nearest images."""
        apart = parts[:, :2] - parts[:, 2:]
        apart = apart - xp.rint(apart)
        return xp.sqrt(xp.sum(apart * apart, axis=1)) / data["length"] - 1.0

    def draw(self, seed: int, scheme: str) -> Float64:
        """Anywhere, and not in the box yet."""
        return 3 * super().draw(seed, scheme)

    def retract(self, w: Float64) -> Float64:
        """Back into the box."""
        return np.asarray(w - np.floor(w))

    def drawn(self, draw: np.random.Generator, constraints: int) -> Values:
        """Lengths of the order of the box."""
        return {"length": draw.uniform(0.2, 0.6, constraints)}

    def _apart(self, w: Float64) -> Float64:
        parts = w[self.support()]
        return np.asarray(parts[:, :2] - parts[:, 2:])

    def clear(self, w: Float64, data: Values) -> bool:  # noqa: ARG002
        """No image is nearly as near as another, no distance is small, and no point is nearly at the box's edge."""
        apart = self._apart(w)
        near = apart - np.rint(apart)
        return bool(np.abs(near).max() < 0.49 and np.linalg.norm(near, axis=1).min() > 0.1)

    def closed(self, w: Float64, data: Values) -> Closed:
        """∇r = ±n and ∇∇r = ±(1 − n nᵀ)/r, n being the direction from the second point to the first."""
        apart, length = self._apart(w), data["length"]
        apart = apart - np.rint(apart)
        r = np.linalg.norm(apart, axis=1)
        n = apart / r[:, None]
        slopes, bends = np.zeros((len(r), self.size)), np.zeros((len(r), self.size, self.size))
        for row, support in enumerate(self.support()):
            slopes[row, support] = np.concatenate([n[row], -n[row]]) / length[row]
            across = (np.eye(2) - np.outer(n[row], n[row])) / (r[row] * length[row])
            bends[row][np.ix_(support, support)] = np.block([[across, -across], [-across, across]])
        return Closed(gaps=r / length - 1, slopes=slopes, bends=bends)


@dataclass(frozen=True, kw_only=True)
class Overlaps(Solved):
    """g_ij = v_i·v_j of the vectors v that w holds: constraints without any data, so that none can be left out.

    Arguments:
        vectors, dimension: their number and their dimension.
    """

    vectors: int
    dimension: int

    @property
    def size(self) -> int:
        """N."""
        return self.vectors * self.dimension

    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:  # noqa: ARG002
        """The upper triangle of V Vᵀ."""
        V = xp.reshape(w, (self.vectors, self.dimension))
        first, second = np.triu_indices(self.vectors, 1)
        return xp.take(xp.reshape(xp.matmul(V, xp.transpose(V)), (-1,)), first * self.vectors + second)

    def drawn(self, draw: np.random.Generator, constraints: int) -> Values:  # noqa: ARG002
        """None."""
        return {}

    def closed(self, w: Float64, data: Values) -> Closed:  # noqa: ARG002
        """∂g_ij/∂v_i = v_j and ∂²g_ij/∂v_i∂v_j = 1."""
        V, d = w.reshape(self.vectors, self.dimension), self.dimension
        pairs = np.stack(np.triu_indices(self.vectors, 1), axis=1)
        slopes, bends = np.zeros((len(pairs), self.size)), np.zeros((len(pairs), self.size, self.size))
        for row, (i, j) in enumerate(pairs):
            one, other = slice(i * d, (i + 1) * d), slice(j * d, (j + 1) * d)
            slopes[row, one], slopes[row, other] = V[j], V[i]
            bends[row, one, other] = bends[row, other, one] = np.eye(d)
        return Closed(gaps=np.sum(V[pairs[:, 0]] * V[pairs[:, 1]], axis=1), slopes=slopes, bends=bends)


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function of one variable.

    Arguments:
        formula: as a system writes it.
        value, slope, curvature: as NumPy and SciPy have them.
    """

    formula: Callable[[Namespace, Any], Any]
    value: Callable[[Float64], Float64]
    slope: Callable[[Float64], Float64]
    curvature: Callable[[Float64], Float64]


def _bell(t: Float64) -> Float64:
    return np.asarray(2 / sqrt(pi) * np.exp(-(t**2)))


FUNCTIONS: Mapping[str, Function] = {
    "exp": Function(formula=lambda xp, t: xp.exp(t), value=np.exp, slope=np.exp, curvature=np.exp),
    "log": Function(
        formula=lambda xp, t: xp.log(1.0 + t * t), value=lambda t: np.log(1 + t**2), slope=lambda t: 2 * t / (1 + t**2),
        curvature=lambda t: 2 * (1 - t**2) / (1 + t**2) ** 2,
    ),
    "sqrt": Function(
        formula=lambda xp, t: xp.sqrt(1.0 + t * t), value=lambda t: np.hypot(1, t), slope=lambda t: t / np.hypot(1, t),
        curvature=lambda t: np.hypot(1, t) ** -3.0,
    ),
    "tanh": Function(
        formula=lambda xp, t: xp.tanh(t), value=np.tanh, slope=lambda t: np.cosh(t) ** -2.0,
        curvature=lambda t: -2 * np.tanh(t) / np.cosh(t) ** 2,
    ),
    "erf": Function(
        formula=lambda xp, t: xp.erf(t), value=lambda t: np.asarray(erf(t)), slope=_bell,
        curvature=lambda t: -2 * t * _bell(t),
    ),
    "softplus": Function(
        formula=lambda xp, t: xp.softplus(t), value=lambda t: np.log1p(np.exp(t)), slope=lambda t: np.asarray(expit(t)),
        curvature=lambda t: np.asarray(expit(t) * expit(-t)),
    ),
    "sin": Function(formula=lambda xp, t: xp.sin(t), value=np.sin, slope=np.cos, curvature=lambda t: -np.sin(t)),
    "cos": Function(
        formula=lambda xp, t: xp.cos(t), value=np.cos, slope=lambda t: -np.sin(t), curvature=lambda t: -np.cos(t)
    ),
    "rint": Function(
        formula=lambda xp, t: (t - xp.rint(t)) ** 2, value=lambda t: (t - np.rint(t)) ** 2,
        slope=lambda t: 2 * (t - np.rint(t)), curvature=lambda t: np.full(len(t), 2.0),
    ),
    "constant": Function(
        formula=lambda xp, t: t * xp.constant(t), value=lambda t: t**2, slope=lambda t: t, curvature=np.zeros_like
    ),
    "where": Function(
        formula=lambda xp, t: xp.where(t > 0, t * t, 0.0 * t), value=lambda t: np.maximum(t, 0) ** 2,
        slope=lambda t: 2 * np.maximum(t, 0), curvature=lambda t: np.where(t > 0, 2.0, 0.0),
    ),
    "power": Function(
        formula=lambda _, t: -(t**3), value=lambda t: -(t**3), slope=lambda t: -3 * t**2, curvature=lambda t: -6 * t
    ),
    "quotient": Function(
        formula=lambda _, t: 1.0 / (1.0 + t * t), value=lambda t: 1 / (1 + t**2),
        slope=lambda t: -2 * t / (1 + t**2) ** 2, curvature=lambda t: (6 * t**2 - 2) / (1 + t**2) ** 3,
    ),
}  # fmt: skip
"""Functions and operators, all of them finite everywhere: a formula computes every one for every constraint. What is
held constant has the derivatives of the other factor alone."""


@dataclass(frozen=True, kw_only=True)
class Ridges(Solved):
    """g_μ = φ_μ(a_μ·w) with |w|² = N, the constraints divided among all of ``FUNCTIONS``.

    Arguments:
        dimension: N.
    """

    along: ClassVar[tuple[str, ...]] = ("direction", "function")
    dimension: int

    @property
    def size(self) -> int:
        """N."""
        return self.dimension

    @property
    def radius(self) -> float:
        """√N."""
        return sqrt(self.dimension)

    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:
        """Every function of every variable, of which each constraint takes its own."""
        t, count = xp.matmul(data["direction"], w), len(FUNCTIONS)
        rows = xp.concatenate([function.formula(xp, t) for function in FUNCTIONS.values()])
        chosen = xp.take(xp.asarray(np.eye(count)), data["function"])
        return xp.sum(chosen * xp.transpose(xp.reshape(rows, (count, -1))), axis=1)

    def drawn(self, draw: np.random.Generator, constraints: int) -> Values:
        """Directions, and which function each constraint has."""
        directions = draw.standard_normal((constraints, self.dimension)) / sqrt(self.dimension)
        return {"direction": directions, "function": np.arange(constraints) % len(FUNCTIONS)}

    def clear(self, w: Float64, data: Values) -> bool:
        """No variable is nearly at the kink of ``where``, nor half-way between whole numbers."""
        t = data["direction"] @ w
        return bool(np.abs(t).min() > 5e-3 and np.abs(t - np.rint(t)).max() < 0.495 and np.abs(t).max() < 3)

    def closed(self, w: Float64, data: Values) -> Closed:
        """φ, φ′ a and φ″ a aᵀ."""
        a = data["direction"]
        parts = np.empty((3, len(a)))
        for index, function in enumerate(FUNCTIONS.values()):
            mine = data["function"] == index
            t = a[mine] @ w
            parts[:, mine] = function.value(t), function.slope(t), function.curvature(t)
        bends = parts[2][:, None, None] * a[:, :, None] * a[:, None, :]
        return Closed(gaps=parts[0], slopes=parts[1][:, None] * a, bends=bends)


def along_tangent(radius: float | None, w: Array, v: Array) -> Array:
    """The part of the rows of v (…, N) that is tangent to the sphere of w, where there is one."""
    return v if radius is None else np.asarray(v - np.multiply.outer(v @ w, w) / (w @ w))
