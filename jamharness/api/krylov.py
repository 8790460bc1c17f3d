"""Damped least squares by products with J and Jᵀ alone, for every λ from one Krylov space."""

from collections.abc import Callable
from math import hypot, sqrt

import numpy as np

from jamharness.api.arrays import Array, Float64

MOST = 400
"""Vectors of length N that are kept at most: 3.2 kB for each parameter in float64."""

BEGIN = 4
"""Vectors of a space that is there already, for another λ, before the residual is looked at."""

LEAST = 8
"""Fewer vectors than this are not worth beginning with."""

ITERATIONS, LARGE, SHARE = 300, 5000, 32
"""Below N = large a step to a tolerance is found in a Krylov space where a factorisation costs more than so many times
n N operations: at N = 481 the two are equally fast and the truncated steps end better, at 1281 and 3201 they are twice
as fast or more. From there on, steps in the midst of a minimisation need hundreds of vectors, which cost more than a
factorisation; as many are tried as cost about half of one, a vector counting as share × n N operations. Measured on
whole minimisations: docs/minimisers.md."""


def vectors_worth(patterns: int, size: int, dense: float) -> int:
    """How many vectors to try before a system is factorised; 0 where it is better factorised at once.

    Arguments:
        patterns: n, the unsatisfied ones.
        size: N.
        dense: operations of the factorisation, with the assembly of its matrix.
    """
    if size < LARGE:
        return MOST if ITERATIONS * patterns * size < dense else 0
    most = int(dense / (SHARE * max(patterns, 1) * size))
    return most if most >= LEAST else 0


class Bidiagonalisation:
    """Golub–Kahan bidiagonalisation of J started at −Δ, extended as far as a λ and a tolerance need.

    With J V_k = U_{k+1} B_k the damped problem min |Δ + J s|² + λ|s|² over s = V_k y is one of size k with the
    bidiagonal B_k (Paige and Saunders, ACM TOMS 8, 43, 1982, §5; Björck, Numerical Methods for Least Squares Problems,
    §7.6). The space does not depend on λ, so a second λ at the same J is nearly free. V is reorthogonalised, which is
    enough for both sides (Simon and Zha, SIAM J. Sci. Comput. 21, 2257, 2000).

    Arguments:
        times: J v of shape (n,) for v (N,).
        transposed: Jᵀ u of shape (N,) for u (n,).
        delta: Δ, (n,).
        several: makes several vectors in one call, where a call is what costs: from V (k, N), u (n,) and α the next
            (α, β, |Jᵀu| before orthogonalisation) as arrays (m,), the new V (m, N), and the new u.
    """

    def __init__(
        self, times: Callable[[Array], Array], transposed: Callable[[Array], Array], delta: Array,
        several: Callable[[Array, Array, float], tuple[Array, Array, Array, Array, Array]] | None = None,
    ) -> None:  # fmt: skip
        self._times, self._transposed, self._several = times, transposed, several
        self.start = float(np.linalg.norm(delta))
        self._u = -delta / self.start if self.start else delta
        first = transposed(self._u)
        norm = float(np.linalg.norm(first))
        self._alphas, self._betas = [norm], [0.0]
        self._V = np.empty((16, len(first)), dtype=first.dtype)
        self._V[0] = first / norm if norm else first
        self.products = 1

    def solve(self, damping: float, tolerance: float) -> tuple[Array, float]:
        """The step s (N,), and the decrease |Δ|² − |Δ + J s|² that it promises.

        Arguments:
            damping: λ > 0.
            tolerance: the largest |(JᵀJ + λI) s + JᵀΔ| / |JᵀΔ|; not reached within ``MOST`` vectors, the step is that
                of the whole space.
        """
        step, decrease, _ = self._solve(damping, tolerance, MOST)
        return step, decrease

    def solve_within(self, damping: float, tolerance: float, most: int) -> tuple[Array, float] | None:
        """The same, or None where the tolerance takes more than ``most`` vectors."""
        step, decrease, residual = self._solve(damping, tolerance, min(most, MOST))
        return (step, decrease) if residual <= tolerance else None

    def _solve(self, damping: float, tolerance: float, most: int) -> tuple[Array, float, float]:
        """The step, the decrease and the relative residual."""
        if not self.start or not self._alphas[0]:
            return np.zeros(self._V.shape[1], dtype=self._V.dtype), 0.0, 0.0
        size = min(BEGIN, most, len(self._alphas))
        while True:
            while len(self._alphas) <= size and self._extend():
                pass
            size = min(size, len(self._alphas) - 1) or 1
            y, rest = self._small(size, damping)
            residual = self._next(size) * abs(float(rest[-1])) / (self._alphas[0] * self.start)
            if residual <= tolerance or size >= most or (size >= len(self._alphas) - 1 and not self._open):
                step = y.astype(self._V.dtype) @ self._V[:size]
                return step, self.start**2 - float(rest @ rest), residual
            size = min(most, size + max(2, size // 4))

    @property
    def _open(self) -> bool:
        """Whether the space can grow: neither side has been exhausted."""
        return self._alphas[-1] > 0 and len(self._alphas) - 1 < self._V.shape[1]

    def _next(self, size: int) -> float:
        return self._alphas[size] if size < len(self._alphas) else 0.0

    def _extend(self) -> bool:
        """One more vector on each side; False when the space is exhausted."""
        if not self._open:
            return False
        if self._several is not None:
            return self._extend_by_several()
        k = len(self._alphas)
        u = self._times(self._V[k - 1]) - self._alphas[-1] * self._u
        beta = float(np.linalg.norm(u))
        self._betas.append(beta)
        self.products += 2
        if not beta > np.finfo(u.dtype).eps * hypot(*self._alphas):
            self._alphas.append(0.0)
            return False
        self._u = u / beta
        v = self._transposed(self._u)
        before = float(np.linalg.norm(v))
        for _ in range(2):  # twice is enough (Kahan and Parlett)
            v = v - (self._V[:k] @ v) @ self._V[:k]
        alpha = float(np.linalg.norm(v))
        if not alpha > 10 * np.finfo(v.dtype).eps * before:
            self._alphas.append(0.0)
            return False
        self._keep(v / alpha, alpha)
        return True

    def _extend_by_several(self) -> bool:
        assert self._several is not None
        k = len(self._alphas)
        eps = np.finfo(self._V.dtype).eps
        alphas, betas, befores, rows, self._u = self._several(self._V[:k], self._u, self._alphas[-1])
        for alpha, beta, before, row in zip(alphas, betas, befores, rows, strict=True):
            self._betas.append(float(beta))
            self.products += 2
            if not beta > eps * hypot(*self._alphas) or not alpha > 10 * eps * before:
                self._alphas.append(0.0)
                return False
            self._keep(row, float(alpha))
            if not self._open:
                break
        return True

    def _keep(self, row: Array, alpha: float) -> None:
        k = len(self._alphas)
        if k == len(self._V):
            self._V = np.concatenate([self._V, np.empty_like(self._V)])
        self._V[k] = row
        self._alphas.append(alpha)

    def _small(self, size: int, damping: float) -> tuple[Float64, Float64]:
        """The y (k,) and β₁e₁ − B y (k+1,) of the damped problem with the first k columns."""
        B = np.zeros((size + 1, size))
        index = np.arange(size)
        B[index, index] = self._alphas[:size]
        B[index + 1, index] = self._betas[1 : size + 1]
        right = np.zeros(2 * size + 1)
        right[0] = self.start
        stacked = np.concatenate([B, sqrt(damping) * np.eye(size)])
        q, r = np.linalg.qr(stacked)
        y = np.linalg.solve(r, q.T @ right)
        return y, right[: size + 1] - B @ y
