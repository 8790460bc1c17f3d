"""Derivatives by dual numbers, and second ones by a complex step: ways that share no code with a framework's.

A dual number carries k derivatives (k, …) beside its value (…) (Griewank and Walther, Evaluating Derivatives, §3.1).
The derivative of all that along v is the imaginary part at w + ihv over h, exact to rounding, as no difference is taken
(Squire and Trapp, SIAM Rev. 40, 110, 1998).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import erf


class Dual:
    """A value (…), real or complex, with k derivatives (k, …)."""

    __array_ufunc__ = None  # NumPy leaves operators to this class
    __slots__ = ("moves", "value")

    def __init__(self, value: Any, moves: Any) -> None:
        self.value, self.moves = value, moves

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the value."""
        shape: tuple[int, ...] = self.value.shape
        return shape

    def __add__(self, other: Any) -> "Dual":
        other_value, other_moves = parts(other)
        value = self.value + other_value
        moves = _wide(self.moves, value)
        return Dual(value, moves if other_moves is None else moves + _wide(other_moves, value))

    __radd__ = __add__

    def __neg__(self) -> "Dual":
        return Dual(-self.value, -self.moves)

    def __sub__(self, other: Any) -> Any:
        return self + (-other)

    def __rsub__(self, other: Any) -> Any:
        return (-self) + other

    def __mul__(self, other: Any) -> "Dual":
        other_value, other_moves = parts(other)
        value = self.value * other_value
        moves = _wide(self.moves, value) * other_value
        return Dual(value, moves if other_moves is None else moves + _wide(other_moves, value) * self.value)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Dual":
        return self * (other**-1 if isinstance(other, Dual) else 1 / other)

    def __rtruediv__(self, other: Any) -> Any:
        return self**-1 * other

    def __pow__(self, power: float) -> "Dual":
        return Dual(self.value**power, self.moves * (power * self.value ** (power - 1)))

    def __gt__(self, other: Any) -> Any:
        return np.real(self.value) > np.real(parts(other)[0])

    def __lt__(self, other: Any) -> Any:
        return np.real(self.value) < np.real(parts(other)[0])

    def __getitem__(self, index: Any) -> "Dual":
        own = index if isinstance(index, tuple) else (index,)
        return Dual(self.value[index], self.moves[(slice(None), *own)])


def parts(a: Any) -> tuple[Any, Any]:
    """The value, and the derivatives; None for a constant. A number of Python's stays one: it has no dtype."""
    if isinstance(a, Dual):
        return a.value, a.moves
    return a if isinstance(a, int | float) else np.asarray(a), None


def _wide(moves: Any, value: Any) -> Any:
    """Derivatives stretched to the shape of a value with more axes, or longer ones."""
    missing = value.ndim + 1 - moves.ndim
    return np.broadcast_to(moves.reshape(len(moves), *(1,) * missing, *moves.shape[1:]), (len(moves), *value.shape))


class NumpyNamespace:
    """The functions of formulas, on arrays and on dual numbers, real or complex.

    Arguments:
        dtype: of constants.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def asarray(self, values: Any) -> Any:
        """A constant."""
        return np.asarray(values, dtype=self.dtype)

    def exp(self, a: Any) -> Any:
        """e^a."""
        return _chain(a, np.exp, np.exp)

    def log(self, a: Any) -> Any:
        """The natural logarithm."""
        return _chain(a, np.log, lambda t: 1 / t)

    def sqrt(self, a: Any) -> Any:
        """The square root."""
        return _chain(a, np.sqrt, lambda t: 0.5 / np.sqrt(t))

    def tanh(self, a: Any) -> Any:
        """The hyperbolic tangent."""
        return _chain(a, np.tanh, lambda t: 1 - np.tanh(t) ** 2)

    def erf(self, a: Any) -> Any:
        """The error function."""
        return _chain(a, erf, lambda t: 2 / np.sqrt(np.pi) * np.exp(-(t**2)))

    def softplus(self, a: Any) -> Any:
        """log(1 + e^a)."""
        return _chain(a, _softplus, _logistic)

    def sin(self, a: Any) -> Any:
        """The sine."""
        return _chain(a, np.sin, np.cos)

    def cos(self, a: Any) -> Any:
        """The cosine."""
        return _chain(a, np.cos, lambda t: -np.sin(t))

    def rint(self, a: Any) -> Any:
        """The nearest whole number: a constant."""
        return np.rint(np.real(parts(a)[0]))

    def constant(self, a: Any) -> Any:
        """The value alone."""
        return np.real(parts(a)[0])

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """The branch that a condition takes, with its derivatives."""
        (one, one_moves), (other, other_moves) = parts(a), parts(b)
        value = np.where(condition, one, other)
        if one_moves is None and other_moves is None:
            return value
        count = len(other_moves if one_moves is None else one_moves)
        still = np.zeros((count, *value.shape), dtype=value.dtype)
        derivatives = (still if moves is None else _wide(moves, value) for moves in (one_moves, other_moves))
        return Dual(value, np.where(condition, *derivatives))

    def matmul(self, a: Any, b: Any) -> Any:
        """A @ b: (M, K) and (K, N) or (K,), either of them dual."""
        (left, left_moves), (right, right_moves) = parts(a), parts(b)
        value = left @ right
        if left_moves is None and right_moves is None:
            return value
        moves = np.zeros((), dtype=value.dtype)
        if left_moves is not None:
            moves = moves + left_moves @ right
        if right_moves is not None:
            moves = moves + (right_moves @ left.T if right.ndim == 1 else left @ right_moves)
        return Dual(value, moves)

    def sum(self, a: Any, axis: int | None = None) -> Any:
        """The sum over one axis, or over all."""
        value, moves = parts(a)
        if moves is None:
            return value.sum(axis=axis)
        axes = tuple(range(1, moves.ndim)) if axis is None else (axis % value.ndim + 1,)
        return Dual(value.sum(axis=axis), moves.sum(axis=axes))

    def reshape(self, a: Any, shape: Sequence[int]) -> Any:
        """Another shape."""
        value, moves = parts(a)
        reshaped = value.reshape(shape)
        return reshaped if moves is None else Dual(reshaped, moves.reshape(len(moves), *reshaped.shape))

    def transpose(self, a: Any) -> Any:
        """A matrix with its axes exchanged."""
        value, moves = parts(a)
        return value.T if moves is None else Dual(value.T, moves.swapaxes(-1, -2))

    def take(self, a: Any, indices: Any) -> Any:
        """Rows."""
        value, moves = parts(a)
        rows = np.asarray(indices)
        return value[rows] if moves is None else Dual(value[rows], moves[:, rows])

    def concatenate(self, arrays: Sequence[Any], axis: int = 0) -> Any:
        """Joined along an axis."""
        pairs = [parts(each) for each in arrays]
        value = np.concatenate([each for each, _ in pairs], axis=axis)
        counts = [len(moves) for _, moves in pairs if moves is not None]
        if not counts:
            return value
        filled = [
            np.zeros((counts[0], *each.shape), dtype=value.dtype) if moves is None else moves for each, moves in pairs
        ]
        return Dual(value, np.concatenate(filled, axis=axis % value.ndim + 1))


def _chain(a: Any, function: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Any:
    value, moves = parts(a)
    return function(value) if moves is None else Dual(function(value), moves * slope(value))


def _logistic(t: Any) -> Any:
    """1/(1 + e^{−t}), real or complex, without overflow."""
    tail = np.exp(np.where(np.real(t) > 0, -t, t))
    return np.where(np.real(t) > 0, 1 / (1 + tail), tail / (1 + tail))


def _softplus(t: Any) -> Any:
    """log(1 + e^t), real or complex, without overflow; log1p loses nothing where e^t is small."""
    return np.where(np.real(t) > 0, t, 0) + np.log1p(np.exp(np.where(np.real(t) > 0, -t, t)))
