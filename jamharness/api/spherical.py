"""Networks whose weights live on a sphere: there the margin κ is a load, as it is for the perceptron.

A network's outputs may be scaled freely, so that κ is a gauge and L has no limit 0⁺ beyond the transition. At fixed
|w| it is none: κ_J(P/N) is where the largest smallest margin lies, and its zero is the transition of the free network,
of which any margin can be had once all gaps are positive.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Array, Float64
from jamharness.api.derived import DerivedProblem
from jamharness.api.loss import Loss, QuadraticHinge
from jamharness.api.namespace import Data, Namespace
from jamharness.api.network import Network
from jamharness.api.systems import PatternSystem

if TYPE_CHECKING:
    from jamharness.api.backend import Backend, Problem


@dataclass(frozen=True, kw_only=True)
class Spherical(PatternSystem):
    """A network at fixed |w|, as a whole or layer by layer: |w_l|² is the number of units of the layer.

    That is what orthonormal rows have, and what N(0, 1/in) has in the mean (``Network.initial``); biases belong to
    their layer's w_l.

    Arguments:
        network: the network.
        layers: whether each layer's w_l lives on a sphere of its own; otherwise w as a whole on that of all of them.
    """

    schemes = Network.schemes
    network: Network = field(metadata={"help": "by constraint=sphere, with width, depth and so on, and no system="})
    layers: bool = False

    @property
    def size(self) -> int:
        """N."""
        return self.network.size

    @property
    def inputs(self) -> int:  # type: ignore[override]
        """D."""
        return self.network.inputs

    @property
    def weights(self) -> int:
        """N_w."""
        return self.network.weights

    @property
    def groups(self) -> Mapping[str, slice]:
        """As the network's."""
        return self.network.groups

    @property
    def radius(self) -> float | None:
        """|w|, where it is fixed as a whole."""
        return None if self.layers else sqrt(sum(out for out, _ in self.network.shapes))

    @property
    def spheres(self) -> tuple[tuple[slice, float], ...]:
        """Each layer's part of w with its radius √(units), or all of w."""
        if not self.layers:
            return super().spheres
        parts = zip(self.network.slices, self.network.shapes, strict=True)
        return tuple((slice(weight.start, bias.stop), sqrt(out)) for (weight, bias), (out, _) in parts)

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """f(x; w), the network's."""
        return self.network.outputs(xp, w, x)

    def draw(self, seed: int, scheme: str) -> Float64:
        """The network's initial w."""
        return self.network.initial(seed, scheme)

    def load(self, constraints: int, margin: float) -> float:
        """P/N_w."""
        return self.network.load(constraints, margin)


class SphericalProblem(DerivedProblem):
    """A network at fixed |w| by the closed forms that its backend has for the free one.

    Arguments:
        backend: what computes.
        system: the network with its sphere.
        data: x and y, as NumPy arrays.
        inner: the free network on the same patterns under the same loss.
    """

    def __init__(
        self, backend: "Backend", system: Spherical, data: Mapping[str, NDArray[Any]], inner: "Problem"
    ) -> None:
        self.backend, self.system, self.given, self.inner = backend, system, data, inner
        self.loss: Loss = inner.loss
        self.w0, self._linear, self._constant = None, None, None

    @property
    def data(self) -> Data:  # type: ignore[override]
        """The patterns: nothing is derived from a formula here."""
        return self.given

    @property
    def constraints(self) -> int:
        """P."""
        return self.inner.patterns

    def restated(self, loss: Loss) -> DerivedProblem:
        """The same patterns under another loss; by the formula where there are no closed forms for it."""
        if type(loss) is QuadraticHinge and not loss.offsets:
            inner = self.inner.restated(self.inner.network, loss)
            return type(self)(self.backend, self._spherical, self.given, inner)
        return self.backend.derived_problem(self.system, self.given, loss)

    @property
    def _spherical(self) -> Spherical:
        assert isinstance(self.system, Spherical)
        return self.system

    def with_activation(self, activation: str) -> "SphericalProblem":
        """The same problem with another activation."""
        inner = self.inner.with_activation(activation)
        system = Spherical(network=inner.network, layers=self._spherical.layers)
        return type(self)(self.backend, system, self.given, inner)

    def with_dtype(self, dtype: str) -> DerivedProblem:
        """The same problem in another dtype."""
        if dtype == self.backend.dtype:
            return self
        inner = self.inner.with_dtype(dtype)
        return type(self)(inner.backend, self._spherical, self.given, inner)

    @property
    def matrix_free(self) -> bool:
        """As the free network's."""
        return self.inner.matrix_free

    def outputs(self, w: Array, x: Array) -> Array:
        """f(x; w), (M,)."""
        return self.inner.outputs(w, x)

    def margins(self, w: Array) -> Array:
        """Δ, (P,)."""
        return self.inner.margins(w)

    def loss_and_gradient(self, w: Array) -> tuple[float, Array]:
        """L and ∇L (N,), in the space around the sphere."""
        return self.inner.loss_and_gradient(w)

    def batch_gradient(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∇L of some patterns (N,), in the space around the sphere."""
        return self.inner.batch_gradient(w, rows)

    def jacobian(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∂Δ/∂w of some patterns, (n, N)."""
        return self.inner.jacobian(w, rows)

    def hessian(self, w: Array) -> tuple[Array, Array]:
        """H0 and Hp, (N, N) each, in the space around the sphere."""
        return self.inner.hessian(w)

    def hessian_vector(self, w: Array, v: Array) -> Array:
        """H v, (N, k)."""
        return self.inner.hessian_vector(w, v)

    def tangent_kernel(self, w: Array, x1: Array, x2: Array) -> Array:
        """Θ, (M1, M2)."""
        return self.inner.tangent_kernel(w, x1, x2)
