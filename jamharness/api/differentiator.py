"""What a backend does with a formula: its value, its Jacobian and products with its second derivatives."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Array
from jamharness.api.namespace import Data, Namespace
from jamharness.api.systems import System

Formula = Callable[[Namespace, Any, Data], Any]
"""(xp, w, data) → (M,)."""


class Differentiator(ABC):
    """What a backend does with a formula (xp, w, data) → (M,), w being (N,): NumPy in and out, its own arrays inside.

    Attributes:
        namespace: the functions in which formulas are written.
    """

    namespace: Namespace

    @abstractmethod
    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Data:
        """Data as the backend's own arrays, on its device: floats in its dtype, whole numbers as indices."""

    @abstractmethod
    def value(self, formula: Formula, w: Array, data: Data) -> Array:
        """The formula at w, (M,)."""

    @abstractmethod
    def pull(self, formula: Formula, w: Array, data: Data, coefficients: Array) -> Array:
        """Σ_μ c_μ ∇formula_μ of shape (N,), for coefficients c (M,)."""

    def value_and_pull(
        self, formula: Formula, w: Array, data: Data, coefficients: Callable[[Array], Array]
    ) -> tuple[Array, Array]:
        """The formula (M,) and Σ_μ c_μ ∇formula_μ (N,) for coefficients c that depend on it; one pass where it can."""
        value = self.value(formula, w, data)
        return value, self.pull(formula, w, data, coefficients(value))

    def values_and_pulls(
        self, formula: Formula, w: Array, data: Data, coefficients: Callable[[Array], Array]
    ) -> tuple[Array, Array]:
        """The same at every row of w (R, N): (R, M) and (R, N), for coefficients (R, M); by default row after row."""
        values = np.stack([self.value(formula, row, data) for row in w])
        pulls = [
            self.pull(formula, row, data, some) for row, some in zip(w, coefficients(values), strict=True)
        ]  # fmt: skip
        return values, np.stack(pulls)

    @abstractmethod
    def jacobian(self, formula: Formula, w: Array, data: Data) -> Array:
        """∇formula_μ of shape (M, N)."""

    def local_jacobian(self, formula: Formula, parts: Array, data: Data) -> Array:
        """The derivatives (M, k) of a formula (xp, parts, data) → (M,) whose every value depends on its own row alone.

        By default the gradient of the sum: one backward pass.
        """
        flat = self.pull(_flattened(formula, parts.shape[1]), parts.ravel(), data, np.ones(len(parts)))
        return flat.reshape(parts.shape)

    def local_hessian(self, formula: Formula, parts: Array, data: Data) -> Array:
        """The second derivatives (M, k, k) of such a formula; by default k passes over the whole."""
        rows, width = parts.shape
        v = np.tile(np.eye(width), (rows, 1))
        columns = self.bend(_flattened(formula, width), parts.ravel(), data, np.ones(rows), v)
        return columns.reshape(rows, width, width)

    @abstractmethod
    def bend(self, formula: Formula, w: Array, data: Data, coefficients: Array, v: Array) -> Array:
        """Σ_μ c_μ ∇∇formula_μ v of shape (N, k), for coefficients c (M,) held fixed and v (N, k)."""


@dataclass(frozen=True)
class _flattened:  # noqa: N801  (a function that is a value: equal ones are traced once)
    """A formula of (M, k) as one of its entries in a row, for any M."""

    formula: Formula
    width: int

    def __call__(self, xp: Namespace, w: Any, data: Data) -> Any:
        return self.formula(xp, xp.reshape(w, (-1, self.width)), data)


@dataclass(frozen=True)
class _SystemFormula:
    """A formula of a system as a value: those of equal systems are equal, so that backends trace them once."""

    system: System
    name: str

    def __call__(self, xp: Namespace, w: Any, data: Data) -> Any:
        return getattr(self.system, self.name)(xp, w, data)


def formula_of(system: System, name: str) -> Formula:
    """``system.name`` as a value where the system is one, else as a method of this very object."""
    try:
        hash(system)
    except TypeError:
        method: Formula = getattr(system, name)
        return method
    return _SystemFormula(system, name)
