"""The systems that the suite computes on: small ones whose gaps and derivatives are written out by hand.

The host knows no system by import, so they are here: half spaces on a sphere (linear), a bilinear function of its
weights, distances in a periodic box (local) and overlaps of vectors (no data at all). ``ridges`` has one more.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

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


def along_tangent(radius: float | None, w: Array, v: Array) -> Array:
    """The part of the rows of v (…, N) that is tangent to the sphere of w, where there is one."""
    return v if radius is None else np.asarray(v - np.multiply.outer(v @ w, w) / (w @ w))
