"""Systems on NumPy: forward mode in blocks of directions, and a complex step for second derivatives."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, Data, Differentiator, Formula, as_array
from jamharness_numpy.dual import Dual, NumpyNamespace
from jamharness_numpy.dual import parts as dual_parts

_STEP = 1e-30
"""Of the complex step: its square is lost against 1 in any precision."""
_BLOCK = 1 << 21
"""Numbers in one block of derivatives: 16 MiB in float64."""


class NumpyDifferentiator(Differentiator):
    """Dual numbers along the unit vectors of w.

    Arguments:
        dtype: of the results.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype, self.namespace = dtype, NumpyNamespace(dtype)

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Data:
        """Copies, floats in the dtype."""
        return {
            name: np.array(values, dtype=np.intp if np.issubdtype(values.dtype, np.integer) else self.dtype)
            for name, values in data.items()
        }

    def value(self, formula: Formula, w: Array, data: Data) -> Array:
        """The formula as it stands."""
        return as_array(formula(self.namespace, as_array(w, self.dtype), data), self.dtype)

    def jacobian(self, formula: Formula, w: Array, data: Data) -> Array:
        """One dual number for each block of unit vectors."""
        columns = np.concatenate(list(self._columns(formula, as_array(w, self.dtype), data)))
        return as_array(columns.T, self.dtype)

    def pull(self, formula: Formula, w: Array, data: Data, coefficients: Array) -> Array:
        """Σ c ∇formula, block by block of unit vectors."""
        blocks = [columns @ coefficients for columns in self._columns(formula, as_array(w, self.dtype), data)]
        return np.asarray(np.concatenate(blocks), dtype=self.dtype)

    def bend(self, formula: Formula, w: Array, data: Data, coefficients: Array, v: Array) -> Array:
        """The imaginary part of Σ c ∇formula at w + ihv, for one v after the other."""
        at, product = np.asarray(w, dtype=np.complex128), np.empty(v.shape)
        for column in range(v.shape[1]):
            shifted = self._columns(formula, at + 1j * _STEP * v[:, column], data)
            product[:, column] = np.concatenate([columns @ coefficients for columns in shifted]).imag / _STEP
        return as_array(product, self.dtype)

    def local_jacobian(self, formula: Formula, parts: Array, data: Data) -> Array:
        """One dual number with k derivatives for all constraints together."""
        return as_array(self._local(formula, as_array(parts, self.dtype), data).T, self.dtype)

    def local_hessian(self, formula: Formula, parts: Array, data: Data) -> Array:
        """The imaginary part of that at parts + ih e_j, for each of the k components."""
        at = np.asarray(parts, dtype=np.complex128)
        shifts = 1j * _STEP * np.eye(at.shape[1])
        columns = [self._local(formula, at + shift, data).imag.T / _STEP for shift in shifts]
        return as_array(np.stack(columns, axis=2), self.dtype)

    def _local(self, formula: Formula, parts: Any, data: Data) -> Any:
        """Derivatives (k, M) along the k components of every row at once."""
        units = np.zeros((parts.shape[1], *parts.shape), dtype=parts.dtype)
        index = np.arange(parts.shape[1])
        units[index, :, index] = 1
        return dual_parts(formula(self.namespace, Dual(parts, units), data))[1]

    def _columns(self, formula: Formula, w: Any, data: Data) -> Any:
        """Blocks (k, M) of derivatives along successive unit vectors."""
        count = max(1, max((np.shape(values)[0] for values in data.values() if np.ndim(values)), default=1))
        width = max(1, _BLOCK // (count * max(1, _widest(data))))
        for start in range(0, len(w), width):
            stop = min(start + width, len(w))
            units = np.zeros((stop - start, len(w)), dtype=w.dtype)
            units[np.arange(stop - start), np.arange(start, stop)] = 1
            value, moves = dual_parts(formula(self.namespace, Dual(w, units), data))
            yield np.zeros((stop - start, *value.shape), dtype=value.dtype) if moves is None else moves


def _widest(data: Data) -> int:
    return max((int(np.prod(np.shape(values)[1:])) for values in data.values()), default=1)
