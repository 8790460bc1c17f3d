"""The spherical p-spin, the mean-field model of structural glasses (Crisanti and Sommers, Z. Phys. B 87, 341, 1992)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, pairwise
from math import comb, factorial, sqrt
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jamharness.api import BadInput, Data, Float64, Namespace, System, generator

MOST_COUPLINGS = 1 << 28
"""Couplings up to which a system is made: 2 GiB in float64. At p = 3, 1000 spins have 1.6 GB of them."""
BLOCKS = 8
"""Into how many matrices they are divided: at p = 3 they hold 1.2 times as many numbers as there are monomials."""


@dataclass(frozen=True, kw_only=True)
class PSpin(System):
    """H(s) = −Σ J s_i…s_k over all p-tuples, |s|² = N, with ⟨H(s)H(s′)⟩ = (N/2) (s·s′/N)^p exactly at every N.

    That is ⟨J²⟩ = p!/(2N^(p−1)) for tuples of different spins; those with equal ones make the covariance exact. Its one
    gap is −H, so that under ``Linear`` L is H, a sum over spins: the slopes are forces on spins. There is one draw of
    the host's for each monomial, i ≤ … ≤ j ≤ k. They stand in matrices whose rows are the first p − 1 spins and whose
    columns are the last one, so that H takes a product of each with s; a matrix for each range of j leaves out most of
    the columns k < j, which are zero.

    Arguments:
        spins: N.
        p: of the interaction, 2 to 6.
        disorder: which draw of the couplings; a protocol gives each seed its own.

    Raises:
        BadInput: all that cannot be, or more couplings than 2 GiB hold.
    """

    satisfiable: ClassVar[bool] = False
    spins: int = 128
    p: int = 3
    disorder: int = 0

    def __post_init__(self) -> None:
        problems = []
        if self.spins < 2:
            problems.append(f"spins = {self.spins}: a sphere needs at least 2 dimensions.")
        if not 2 <= self.p <= 6:
            problems.append(f"p = {self.p}: it must be a whole number from 2 to 6.")
        elif self.spins >= 2 and self.couplings > MOST_COUPLINGS:
            problems.append(
                f"spins = {self.spins}: {self.couplings:.3g} couplings at p = {self.p}; at most "
                f"{MOST_COUPLINGS:.3g}, 2 GiB, are made."
            )
        if problems:
            raise BadInput(*problems)

    @property
    def couplings(self) -> int:
        """How many numbers J takes, the zeros among them included."""
        rows = [comb(edge + self.p - 2, self.p - 1) for edge in self.edges]
        return sum(
            (end - top) * (self.spins - edge) for (top, end), edge in zip(pairwise(rows), self.edges[:-1], strict=True)
        )

    @property
    def edges(self) -> list[int]:
        """Where the ranges of j begin, and N."""
        count = min(BLOCKS, self.spins)
        return [self.spins * number // count for number in range(count + 1)]

    @property
    def size(self) -> int:
        """N."""
        return self.spins

    @property
    def radius(self) -> float:
        """√N."""
        return sqrt(self.spins)

    @cached_property
    def tuples(self) -> NDArray[np.intp]:
        """The p − 1 ordered spins i ≤ … ≤ j of every row, (p − 1, n), by rising j."""
        if self.p == 3:
            return np.stack(np.tril_indices(self.spins)[::-1])
        ordered = np.array(list(combinations_with_replacement(range(self.spins), self.p - 1)), dtype=np.intp)
        return ordered[np.argsort(ordered[:, -1], kind="stable")].T

    def _blocks(self) -> list[tuple[slice, int, int]]:
        """The rows of every matrix, and its range of j."""
        rows = np.searchsorted(self.tuples[-1], self.edges)
        return [
            (slice(int(top), int(bottom)), start, end)
            for (top, bottom), (start, end) in zip(pairwise(rows), pairwise(self.edges), strict=True)
        ]

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """The couplings, matrix by matrix: the spread of each is that of the sum over the orders of its p spins."""
        draw, couplings = generator("p_spin", self.spins, self.p, self.disorder), {}
        for number, (rows, start, end) in enumerate(self._blocks()):
            tuples = self.tuples[:, rows]
            normal = draw.standard_normal((tuples.shape[1], self.spins - start))
            normal *= np.sqrt(self.p * _orders(tuples) / (2 * self.spins ** (self.p - 1)))[:, None]
            last, own = tuples[-1][:, None], np.arange(start, end)
            normal[:, : end - start][own < last] = 0
            repeated = np.count_nonzero(tuples == tuples[-1], axis=0)
            at = np.arange(len(normal)), tuples[-1] - start
            normal[at] /= np.sqrt(repeated + 1)  # k = j has fewer orders
            couplings[f"couplings{number}"] = normal
        return couplings

    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:
        """−H, (1,)."""
        monomials = xp.take(w, self.tuples[0])
        for spins in self.tuples[1:]:
            monomials = monomials * xp.take(w, spins)
        total: Any = 0.0
        for number, (rows, start, _) in enumerate(self._blocks()):
            total = total + xp.sum(monomials[rows] * xp.matmul(data[f"couplings{number}"], w[start:]))
        return xp.reshape(total, (1,))

    def energy(self, loss: float) -> float:
        """E = H/N, from L."""
        return loss / self.spins

    def draw(self, seed: int, scheme: str) -> Float64:
        """Anywhere on the sphere, whatever the couplings are."""
        return generator("p_spin start", self.spins, scheme, seed).standard_normal(self.spins)

    def load(self, constraints: int, margin: float) -> float:  # noqa: ARG002  (it has none)
        """Nothing that could be loaded: 0."""
        return 0.0


def _orders(tuples: NDArray[np.intp]) -> Float64:
    """In how many orders the members of each column (n,) can stand."""
    length = len(tuples)
    orders, run = np.full(tuples.shape[1], float(factorial(length))), np.ones(tuples.shape[1])
    for before, after in pairwise(tuples):
        run = np.where(before == after, run + 1, 1.0)
        orders /= run  # a run of k equal ones divides by 1·2·…·k
    return orders
