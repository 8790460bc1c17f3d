"""Lanczos tridiagonalisation of a symmetric matrix that is known by its products alone, several starts side by side.

Every vector is orthogonalised against all earlier ones of its start, twice: without that, copies of converged
eigenvalues appear, and bounds on what lies between the nodes no longer hold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from jamharness.api import Array, BadInput, Float64
from jamharness_numerics.spectra.counting import C

Apply = Callable[[Array], Array]
"""A symmetric matrix A as its products: V (N, k) to A V (N, k)."""
MEMORY = 2 << 30
"""Bytes of stored Lanczos vectors: at N = 10⁶ in float64, 268 of them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tridiagonal:
    """What m steps from one start q know of A: T = VᵀAV.

    Arguments:
        diagonal: α, (m,).
        offdiagonal: β between them, (m − 1,).
        residual: β_m, the norm of what A takes out of the space.
        exhausted: whether the space is invariant up to rounding: the spectrum that q sees is that of T.
    """

    diagonal: Float64
    offdiagonal: Float64
    residual: float
    exhausted: bool


def lanczos(
    apply: Apply, starts: Array, steps: int, memory: int = MEMORY, say: Callable[[str], None] | None = None
) -> list[Tridiagonal]:
    """Tridiagonal matrices of several starts; one product serves as many as the memory holds.

    The three-term recurrence with full reorthogonalisation (Golub and Van Loan, Matrix Computations, §10.3).

    Arguments:
        apply: A.
        starts: (N, k); their lengths do not matter.
        steps: m; a start whose Krylov space is exhausted earlier has fewer.
        memory: the most bytes of stored vectors; besides them there are a few arrays of (N, k).
        say: told now and then how far it is.

    Raises:
        BadInput: not even the vectors of one start fit.
    """
    size, count = starts.shape
    steps = min(steps, size)
    fit = most_vectors(size, starts.dtype.itemsize, memory) // steps
    if not fit:
        raise BadInput(too_much(size, steps, starts.dtype.itemsize, memory))
    matrices = []
    for first in range(0, count, fit):
        some = starts[:, first : first + fit]
        matrices += _side_by_side(apply, some, steps, say, f"starts {first + 1} to {first + some.shape[1]} of {count}")
    return matrices


def most_vectors(size: int, itemsize: int = 8, memory: int = MEMORY) -> int:
    """How many vectors (N,) fit."""
    return memory // (size * itemsize)


def too_much(size: int, steps: int, itemsize: int = 8, memory: int = MEMORY) -> str:
    """The sentence that says how many steps do fit."""
    return (
        f"steps = {steps}: as many vectors of N = {size} take {steps * size * itemsize / 2**30:.3g} GiB and "
        f"{memory / 2**30:.3g} GiB are for them; ask for at most {most_vectors(size, itemsize, memory)}."
    )


def rounding(size: int, norm: float, dtype: "np.dtype[np.floating]") -> float:
    """C ε ‖A‖ √N: below it a number is a rounding error, as in ``counting``."""
    return C * float(np.finfo(dtype).eps) * norm * sqrt(size)


def _side_by_side(
    apply: Apply, starts: Array, steps: int, say: Callable[[str], None] | None, label: str
) -> list[Tridiagonal]:
    size, count = starts.shape
    basis = np.empty((count, steps, size), dtype=starts.dtype)
    current = np.ascontiguousarray(starts.T)
    current /= np.linalg.norm(current, axis=1, keepdims=True)
    alphas: list[list[float]] = [[] for _ in range(count)]
    betas: list[list[float]] = [[] for _ in range(count)]
    exhausted = np.zeros(count, dtype=bool)
    active = np.arange(count)
    for step in range(steps):
        basis[active, step] = current
        if say is not None and step % 8 == 0:
            say(f"Lanczos step {step} of {steps}, {label}")
        moved = np.array(apply(current.T).T, order="C")
        norms = []
        for row, which in zip(moved, active, strict=True):
            alphas[which].append(float(row @ basis[which, step]))
            orthogonalise(row, basis[which, : step + 1])
            norms.append(float(np.linalg.norm(row)))
            betas[which].append(norms[-1])
            norm = max(map(abs, alphas[which])) + 2 * max(betas[which])
            # Where A vanishes on the start, every number is zero and the space is exhausted at once.
            exhausted[which] = norms[-1] <= rounding(size, norm, starts.dtype) or step + 1 == size
        left = ~exhausted[active]
        active, current = active[left], moved[left] / np.array(norms, dtype=starts.dtype)[left, np.newaxis]
        if not len(active):
            break
    return [_tridiagonal(*each) for each in zip(alphas, betas, exhausted, strict=True)]


def orthogonalise(vector: Array, basis: Array) -> None:
    """Take the components along the rows of ``basis`` (j, N) out of ``vector`` (N,), in place.

    Classical Gram–Schmidt, twice: "twice is enough" (Kahan and Parlett; Giraud et al., Numer. Math. 101, 87, 2005).
    """
    for _ in range(2):
        vector -= (basis @ vector) @ basis


def _tridiagonal(alphas: Sequence[float], betas: Sequence[float], exhausted: bool) -> Tridiagonal:
    return Tridiagonal(
        diagonal=np.array(alphas), offdiagonal=np.array(betas[:-1]), residual=betas[-1], exhausted=bool(exhausted)
    )
