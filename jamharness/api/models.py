"""Systems made of other functions: a scaled and centred output, and a model of the user's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Float64
from jamharness.api.data import check_patterns
from jamharness.api.errors import BadInput
from jamharness.api.identity import generator
from jamharness.api.namespace import Data, Namespace
from jamharness.api.systems import PatternSystem


@dataclass(frozen=True, kw_only=True)
class Output(PatternSystem):
    """α (f(x; w) − f(x; w₀)) in place of f: α sets how lazily features are learned (arXiv 1906.08034, eq. 3).

    Where ``centred``, the data hold w₀ as ``origin`` (N,) beside x and y.

    Arguments:
        system: whose f it is.
        scale: α > 0.
        centred: whether f(x; w₀) is taken away.

    Raises:
        BadInput: a scale that is not positive.
    """

    system: PatternSystem
    scale: float = 1.0
    centred: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.scale < float("inf"):
            raise BadInput(f"scale = {self.scale}: the output scale α must be a positive number; 1 leaves f as it is.")

    @property
    def size(self) -> int:
        """N."""
        return self.system.size

    @property
    def inputs(self) -> int:  # type: ignore[override]
        """D."""
        return self.system.inputs

    @property
    def groups(self) -> Mapping[str, slice]:
        """As the system's own."""
        return self.system.groups

    @property
    def radius(self) -> float | None:
        """As the system's own."""
        return self.system.radius

    @property
    def spheres(self) -> tuple[tuple[slice, float], ...]:
        """As the system's own."""
        return self.system.spheres

    def retract(self, w: Float64) -> Float64:
        """As the system itself."""
        return self.system.retract(w)

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Patterns and labels, and the origin.

        Raises:
            BadInput: all that is wrong with them, or no origin.
        """
        patterns = self.system.arrays(data)
        if not self.centred:
            return patterns
        origin = np.asarray(data.get("origin", np.zeros(0)), dtype=np.float64)
        if origin.shape != (self.size,):
            raise BadInput(f"origin has shape {origin.shape}: a centred output needs w₀ ({self.size},) as data.")
        return {**patterns, "origin": origin}

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """α f(x; w), before the centre is taken away."""
        return self.scale * self.system.outputs(xp, w, x)

    def predictions(self, xp: Namespace, w: Any, data: Data) -> Any:
        """α (f(x; w) − f(x; w₀))."""
        values = self.outputs(xp, w, data["x"])
        return values - self.outputs(xp, data["origin"], data["x"]) if self.centred else values

    def draw(self, seed: int, scheme: str) -> Float64:
        """As the system itself."""
        return self.system.initial(seed, scheme if scheme in self.system.schemes else None)

    def load(self, constraints: int, margin: float) -> float:
        """As the system itself."""
        return self.system.load(constraints, margin)


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnModel(PatternSystem):
    """A function f(w, x) of a user's own, in the operations of one framework; equal to itself alone.

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
